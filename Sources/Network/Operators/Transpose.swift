// Axis permutation, resolved to the computation `Permutation`.

/// Transpose: the axes in another order. The batch stays in front.
package struct Transpose: Operator {
  /// nil: all axes reversed.
  let permutation: [Int]?

  package init(permutation: [Int]?) { self.permutation = permutation }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 1)
    let operand = try operands.operand(0)
    let shape = operand.shape
    let order = permutation ?? Array((0..<shape.rank).reversed())
    guard order.sorted() == Array(0..<shape.rank) else { throw .attribute("perm") }
    let view = StridedView(permuting: shape.dimensions, order)
    if let constant = operand.constant, constant.dependsOnBatch || shape.count == 0 {
      return .constants([try constant.gathered(view.positions, dimensions: view.dimensions)])
    }
    _ = try operands.elements(0)
    if shape.isBatched && order.first != 0 { throw .dynamicShape }
    if order == Array(0..<shape.rank) { return .operand(0) }
    return operands.computed(Permutation(order: order), reads: [0], shapes: [try shape.with(view.dimensions)])
  }
}
