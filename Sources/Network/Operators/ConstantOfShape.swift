/// ConstantOfShape: a tensor of operand 0's dimensions that repeats one value.
public struct ConstantOfShape: Operator {
  public let name = "ConstantOfShape"
  /// One element.
  public let value: Tensor

  public init(value: Tensor) throws(GraphError) {
    guard value.count == 1 else { throw .attribute("value") }
    self.value = value
  }

  public func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 1)
    let dimensions = try operands.constant(0).integers
    let count = try elementCount(dimensions)
    if value.type.isFloating {
      return .constants([try Tensor(repeating: try value.scalar(), type: value.type, dimensions: dimensions)])
    }
    if count > Select.limit { throw .overflow }
    let extents = Array(repeating: try value.extents[0], count: count)
    return .constants([try Tensor(type: value.type, dimensions: dimensions, extents: extents)])
  }

  public func compile(_ site: Site) throws(GraphError) -> Kernel? { nil }
}
