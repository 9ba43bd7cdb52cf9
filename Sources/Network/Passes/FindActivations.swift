// Pattern matching of Swish and Gelu written as elementary operators.

internal import Kernels

/// Activations that exporters write as several nodes become one, which can then be part of the computation before it:
/// x · sigmoid(x), and x · (1 + erf(x / √2)) / 2.
extension Graph {
  mutating func findActivations() {
    findSwish()
    findGelu()
  }

  private mutating func findSwish() {
    let uses = Uses(self)
    var removed = Set<Int>()
    for index in nodes.indices {
      guard let product = nodes[index].computation as? Arithmetic, product.kind == .multiply,
        product.activation == .none
      else { continue }
      let (a, b) = (nodes[index].inputs[0], nodes[index].inputs[1])
      for (x, gate) in [(a, b), (b, a)] {
        guard let writer = uses.writer(of: gate), uses.onlyReader(of: gate) == index, nodes[writer].inputs == [x],
          let sigmoid = nodes[writer].computation as? Activate, sigmoid.function == .sigmoid
        else { continue }
        nodes[index].computation = Activate.swish(alpha: 1)
        nodes[index].inputs = [x]
        removed.insert(writer)
        break
      }
    }
    removeNodes(removed)
  }

  private mutating func findGelu() {
    let uses = Uses(self)
    var removed = Set<Int>()
    for index in nodes.indices {
      guard let erf = nodes[index].computation as? Activate, erf.function == .erf,
        let scaled = uses.writer(of: nodes[index].inputs[0]), uses.onlyReader(of: nodes[index].inputs[0]) == index,
        let (x, factor, zero) = affine(nodes[scaled]), zero == 0, isClose(factor, 0.707_106_78),
        let raised = uses.onlyReader(of: nodes[index].outputs[0]),
        let (_, one, shift) = affine(nodes[raised]), one == 1, shift == 1,
        let product = uses.onlyReader(of: nodes[raised].outputs[0]),
        let multiplication = nodes[product].computation as? Arithmetic, multiplication.kind == .multiply,
        multiplication.activation == .none
      else { continue }
      let gate = nodes[raised].outputs[0]
      guard let other = nodes[product].inputs.first(where: { $0 != gate }) else { continue }
      if other == x {
        // x · (1 + erf), then the half.
        guard let last = uses.onlyReader(of: nodes[product].outputs[0]), let (_, half, none) = affine(nodes[last]),
          half == 0.5, none == 0
        else { continue }
        nodes[last].computation = Activate.gelu
        nodes[last].inputs = [x]
        removed.formUnion([scaled, index, raised, product])
      } else if let halving = uses.writer(of: other), uses.onlyReader(of: other) == product,
        let (source, half, none) = affine(nodes[halving]), source == x, half == 0.5, none == 0
      {
        nodes[product].computation = Activate.gelu
        nodes[product].inputs = [x]
        removed.formUnion([scaled, index, raised, halving])
      }
    }
    removeNodes(removed)
  }

  private func isClose(_ a: Float, _ b: Float) -> Bool { abs(a - b) <= 1e-5 * abs(b) }

  /// A node that computes input · factor + shift with one number each.
  func affine(_ node: Node) -> (input: ValueID, factor: Float, shift: Float)? {
    if let scaling = node.computation as? ScaleShift {
      guard scaling.activation == .none, let factor = scaling.scale.first, let shift = scaling.shift.first,
        scaling.scale.allSatisfy({ $0 == factor }), scaling.shift.allSatisfy({ $0 == shift })
      else { return nil }
      return (node.inputs[0], factor, shift)
    }
    guard let arithmetic = node.computation as? Arithmetic, arithmetic.activation == .none, node.inputs.count == 2,
      let position = node.inputs.firstIndex(where: { self[$0].constant?.count == 1 }),
      let value = try? self[node.inputs[position]].constant?.scalar(),
      case let input = node.inputs[1 - position], shape(input) == shape(node.outputs[0])
    else { return nil }
    switch arithmetic.kind {
    case .add: return (input, 1, value)
    case .multiply: return (input, value, 0)
    case .divide where position == 1: return (input, 1 / value, 0)
    default: return nil
    }
  }
}
