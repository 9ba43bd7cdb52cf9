// Fuses a bias addition into the matrix product before it.

internal import Kernels

/// A constant per column that is added to a matrix product with constant weights goes into it as its bias.
extension Graph {
  mutating func fuseBias() {
    let uses = Uses(self)
    var removed = Set<Int>()
    for index in nodes.indices {
      guard let (product, bias) = addedBias(nodes[index]), let writer = uses.writer(of: product),
        uses.onlyReader(of: product) == index, !removed.contains(writer),
        var dense = nodes[writer].computation as? Dense, dense.activation == .none, bias.count == dense.outputs
      else { continue }
      dense.bias = dense.bias.map { zip($0, bias).map(+) } ?? bias
      nodes[index].computation = dense
      nodes[index].inputs = nodes[writer].inputs
      removed.insert(writer)
    }
    removeNodes(removed)
  }

  private func addedBias(_ node: Node) -> (product: ValueID, bias: [Float])? {
    if let shift = node.computation as? ScaleShift {
      guard shift.activation == .none, shift.scale.allSatisfy({ $0 == 1 }), shape(node.inputs[0]).rank == 2 else {
        return nil
      }
      return (node.inputs[0], shift.shift)
    }
    guard let sum = node.computation as? Arithmetic, sum.kind == .add, sum.activation == .none,
      let position = node.inputs.firstIndex(where: { self[$0].constant != nil }),
      case let product = node.inputs[1 - position], shape(product) == shape(node.outputs[0]),
      let constant = self[node.inputs[position]].constant, constant.dimensions.dropLast().allSatisfy({ $0 == 1 }),
      let bias = try? constant.floats, bias.count == shape(product).dimensions.last
    else { return nil }
    return (product, bias)
  }
}
