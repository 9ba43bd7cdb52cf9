// Type conversion in the graph; removed where both types have the same representation in memory.

package import Elements

/// Cast, and CastLike, whose operand 1 states the type. Between floating types a value passes as it is: all arithmetic is
/// float32.
package struct Cast: Operator {
  /// nil: operand 1's.
  let type: ElementType?

  package init(to type: ElementType?) { self.type = type }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: type == nil ? 2 : 1)
    let operand = try operands.operand(0)
    let type: ElementType
    if let stated = self.type { type = stated } else { type = try operands.operand(1).type }
    if type == operand.type { return .operand(0) }
    if let constant = operand.constant {
      if type.isFloating && operand.type.isFloating {
        return .constants([try Tensor(type: type, dimensions: constant.dimensions, floats: try constant.floats)])
      }
      if !type.isFloating && constant.dependsOnBatch {
        guard type != .bool else { throw .dynamicShape }
        return .constants([try Tensor(type: type, dimensions: constant.dimensions, extents: try constant.extents)])
      }
    }
    if operand.shape.count == 0 {
      return .constants([try Tensor(type: type, dimensions: operand.shape.dimensions, bytes: [])])
    }
    let result = TensorType(type, operand.shape)
    if type.stored == operand.type.stored {
      return .computed(View(name: "Cast", keepsShape: true), reads: [0], results: [result])
    }
    return .computed(Conversion(), reads: [0], results: [result])
  }
}
