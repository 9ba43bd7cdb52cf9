// Broadcasting and tiling of a tensor as explicit copies.

internal import Elements

/// Expand and Tile: a tensor repeated along some axes. Operand 1, a constant, has the shape to broadcast with or the number of
/// repeats of each axis; along the first axis it may be the batch.
package struct Repeat: Operator {
  package enum Kind: String, Sendable {
    case expand = "Expand"
    case tile = "Tile"
  }

  let kind: Kind
  package init(_ kind: Kind) { self.kind = kind }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 2)
    let operand = try operands.operand(0)
    let numbers = try operands.constant(1)
    guard numbers.dimensions.count == 1 else { throw .shapes([try numbers.shape]) }
    let extents = try numbers.extents
    let shape: Shape
    switch kind {
    case .expand: shape = try broadcast(operand.shape, try Shape(extents))
    case .tile:
      guard extents.count == operand.shape.rank else { throw .shapes([operand.shape, try numbers.shape]) }
      var tiled: [Extent] = []
      for (size, repeats) in zip(operand.shape.extents, extents) { tiled.append(try size * repeats) }
      shape = try Shape(tiled)
    }
    if shape == operand.shape { return .operand(0) }
    if let constant = operand.constant, constant.dependsOnBatch {
      guard !shape.isBatched else { throw .dynamicShape }
      let repeated = view(operand.shape.dimensions, shape.dimensions).gather(try constant.extents)
      return .constants([try Tensor(type: operand.type, dimensions: shape.dimensions, extents: repeated)])
    }
    if shape.count == 0 {
      return .constants([try Tensor(type: operand.type, dimensions: shape.dimensions, bytes: [])])
    }
    let result = Rearrangement(name: kind.rawValue, view: view(operand.shape.dimensions, shape.dimensions))
    return operands.computed(result, reads: [0], shapes: [shape])
  }

  /// Each axis as how often it is repeated and its own size.
  private func view(_ source: [Int], _ target: [Int]) -> StridedView {
    let aligned = Array(repeating: 1, count: target.count - source.count) + source
    let strides = rowMajorStrides(aligned)
    var (dimensions, steps): ([Int], [Int]) = ([], [])
    for axis in aligned.indices {
      dimensions += [target[axis] / max(aligned[axis], 1), aligned[axis]]
      steps += [0, strides[axis]]
    }
    return StridedView(dimensions: dimensions, strides: steps)
  }
}
