// Fuses additions and multiplications by a constant per column into the matrix product before them.

internal import Kernels

/// A constant per column that the result of a matrix product with constant weights is multiplied with, or that is added to it, goes into its
/// weights and bias: a bias, a layer scale. Views in between keep the columns.
extension Graph {
  mutating func fuseBias() {
    while let (index, dense, change) = nextColumnChange() {
      guard var computation = nodes[dense].computation as? Dense else { return }
      computation.follow(scale: change.scale, shift: change.shift)
      nodes[dense].computation = computation
      let uses = Uses(self)
      guard let last = uses.writer(of: nodes[index].inputs[change.operand]) else { return }
      nodes[last].outputs = nodes[index].outputs
      removeNodes([index])
    }
  }

  /// y = x · scale + shift, column by column, x being operand number `operand`.
  private typealias ColumnChange = (operand: Int, scale: [Float]?, shift: [Float]?)

  /// A node that changes columns, and the product before it.
  private func nextColumnChange() -> (node: Int, dense: Int, change: ColumnChange)? {
    let uses = Uses(self)
    for index in nodes.indices {
      guard let change = columnChange(nodes[index]) else { continue }
      var (value, reader) = (nodes[index].inputs[change.operand], index)
      let columns = shape(value).dimensions.last
      while uses.onlyReader(of: value) == reader, let writer = uses.writer(of: value) {
        if let dense = nodes[writer].computation as? Dense {
          // Weights that are stored as integers stay integers.
          guard dense.activation == .none, dense.outputs == columns,
            change.scale == nil || dense.weights.quantized == nil
          else { break }
          return (index, writer, change)
        }
        guard nodes[writer].computation is View, shape(nodes[writer].inputs[0]).dimensions.last == columns else {
          break
        }
        (value, reader) = (nodes[writer].inputs[0], writer)
      }
    }
    return nil
  }

  private func columnChange(_ node: Node) -> ColumnChange? {
    if let affine = node.computation as? ScaleShift {
      guard affine.activation == .none else { return nil }
      // A normalization's shift cancels what its factor makes large: taken into the sums, it would double their error.
      if shape(node.inputs[0]).rank == 2 && affine.scale.allSatisfy({ $0 == 1 }) { return (0, nil, affine.shift) }
      guard let (factor, summand) = affine.uniform, factor == 1 || summand == 0,
        let columns = shape(node.inputs[0]).dimensions.last
      else { return nil }
      return (
        0, factor == 1 ? nil : Array(repeating: factor, count: columns),
        summand == 0 ? nil : Array(repeating: summand, count: columns)
      )
    }
    guard let arithmetic = node.computation as? Arithmetic, arithmetic.activation == .none,
      arithmetic.kind == .add || arithmetic.kind == .multiply,
      let position = node.inputs.firstIndex(where: { self[$0].constant != nil }),
      case let product = node.inputs[1 - position], shape(product) == shape(node.outputs[0]),
      let constant = self[node.inputs[position]].constant, constant.dimensions.dropLast().allSatisfy({ $0 == 1 }),
      let stated = try? constant.floats, let columns = shape(product).dimensions.last,
      stated.count == columns || stated.count == 1
    else { return nil }
    let values = stated.count == columns ? stated : Array(repeating: stated[0], count: columns)
    return arithmetic.kind == .add ? (1 - position, nil, values) : (1 - position, values, nil)
  }
}
