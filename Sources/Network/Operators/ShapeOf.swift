// Shape, evaluated at load time; the start of all shape arithmetic.

/// Shape: an operand's dimensions from `start` up to `end`, as integers known at load.
package struct ShapeOf: Operator {
  let start: Int
  let end: Int?

  package init(start: Int = 0, end: Int? = nil) {
    self.start = start
    self.end = end
  }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 1)
    let shape = try operands.operand(0).shape
    func clamped(_ axis: Int) -> Int { min(max(axis < 0 ? axis + shape.rank : axis, 0), shape.rank) }
    let first = clamped(max(start, -shape.rank))
    let last = clamped(max(end ?? shape.rank, -shape.rank))
    let extents = first < last ? Array(shape.extents[first..<last]) : []
    return .constants([try Tensor(dimensions: [extents.count], extents: extents)])
  }
}
