// Shape inference of the reductions; a mean over height and width resolves to global pooling.

internal import Elements

/// ReduceSum, ReduceMean, ReduceMax and the others, over some axes. Operands: data and, in newer opsets, the axes, a constant.
package struct Reduce: Operator {
  let kind: Reduction.Kind
  /// nil: operand 1's, or all.
  let axes: [Int]?
  let keepsDimensions: Bool
  /// No axes means nothing to do, instead of all.
  let emptyMeansNone: Bool

  package init(_ kind: Reduction.Kind, axes: [Int]?, keepsDimensions: Bool, emptyMeansNone: Bool) {
    self.kind = kind
    self.axes = axes
    self.keepsDimensions = keepsDimensions
    self.emptyMeansNone = emptyMeansNone
  }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 2)
    let operand = try operands.operand(0)
    let input = operand.shape
    let stated = try operands.integers(axes, or: 1) ?? []
    let isElementwise = stated.isEmpty && emptyMeansNone
    if isElementwise && kind.keepsSingleValues { return .operand(0) }
    var reduced = Set<Int>()
    if !isElementwise {
      for axis in stated.isEmpty ? Array(0..<input.rank) : stated { reduced.insert(try input.axis(axis)) }
    }
    if let constant = operand.constant, constant.dependsOnBatch {
      return .constants([try folded(constant, reduced)])
    }
    guard kind.takes(operand.type) else { throw .elementType(operand.type) }
    guard input.count > 0 else { throw .emptyTensor }
    if input.isBatched && reduced.contains(0) { throw .dynamicShape }
    if kind == .mean && operand.constant == nil && input.rank == 4 && reduced == [2, 3] {
      return try GlobalPooling(.average, keepsDimensions: keepsDimensions).resolve(Operands(all: [operand]))
    }
    let dimensions = input.dimensions.enumerated().compactMap { axis, size in
      reduced.contains(axis) ? (keepsDimensions ? 1 : nil) : size
    }
    let reduction = Reduction(kind: kind, axes: reduced.sorted(), keepsDimensions: keepsDimensions)
    return operands.computed(reduction, reads: [0], shapes: [try input.with(dimensions)])
  }

  /// All dimensions of a shape, added or multiplied.
  private func folded(_ constant: Tensor, _ reduced: Set<Int>) throws(GraphError) -> Tensor {
    guard constant.dimensions.count == 1, reduced == [0], kind == .sum || kind == .product else { throw .dynamicShape }
    let extents = try constant.extents
    var result = extents[0]
    for extent in extents.dropFirst() { result = kind == .sum ? try result + extent : try result * extent }
    return try Tensor(type: constant.type, dimensions: keepsDimensions ? [1] : [], extents: [result])
  }
}
