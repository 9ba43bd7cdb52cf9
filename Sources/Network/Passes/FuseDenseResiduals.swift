// Fuses a residual connection into the epilogue of a matrix product with constant weights.

internal import Kernels

/// An addition goes into the matrix product that makes one of its operands, through views, if nothing else reads that operand. Runs when
/// layouts are known: the product's rows and the other operand then lie in the same order. It runs where the addition did, when the
/// other operand exists.
extension Graph {
  mutating func fuseDenseResiduals() {
    let uses = Uses(self)
    var removed = Set<Int>()
    for index in nodes.indices {
      guard let sum = nodes[index].computation as? Arithmetic, sum.kind == .add,
        case let a = nodes[index].inputs[0], case let b = nodes[index].inputs[1], a != b, shape(a) == shape(b),
        self[a].constant == nil, self[b].constant == nil
      else { continue }
      for (product, residual) in [(b, a), (a, b)] {
        guard let path = path(from: product, reader: index, uses), let writer = path.last, !removed.contains(writer),
          var dense = nodes[writer].computation as? Dense
        else { continue }
        dense.addsResidual = true
        dense.activation = sum.activation
        nodes[index].computation = dense
        nodes[index].inputs = [nodes[writer].inputs[0], residual]
        removed.formUnion(path)
        break
      }
    }
    removeNodes(removed)
  }

  /// The views that lead from a product to `value`, and the product, last.
  private func path(from value: ValueID, reader: Int, _ uses: Uses) -> [Int]? {
    var (value, reader, path) = (value, reader, [Int]())
    while uses.onlyReader(of: value) == reader, let writer = uses.writer(of: value) {
      path.append(writer)
      if let dense = nodes[writer].computation as? Dense {
        return dense.activation == .none && !dense.addsResidual ? path : nil
      }
      guard nodes[writer].computation is View, case let input = nodes[writer].inputs[0],
        shape(input).isBatched == shape(value).isBatched
      else { return nil }
      (value, reader) = (input, writer)
    }
    return nil
  }
}
