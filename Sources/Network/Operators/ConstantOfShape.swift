// Constant tensors of a computed shape, evaluated at load time.

/// ConstantOfShape: a tensor of operand 0's dimensions that repeats one value.
public struct ConstantOfShape: Operator {
  /// One element.
  public let value: Tensor

  public init(value: Tensor) throws(GraphError) {
    guard value.count == 1 else { throw .attribute("value") }
    self.value = value
  }

  public func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 1)
    let dimensions = try operands.constant(0).integers
    return .constants([try Tensor(repeating: value, dimensions: dimensions)])
  }
}
