// Constant tensors of a computed shape, evaluated at load time.

/// ConstantOfShape: a tensor of operand 0's dimensions that repeats one value.
package struct ConstantOfShape: Operator {
  /// One element.
  let value: Tensor

  package init(value: Tensor) throws(GraphError) {
    guard value.count == 1 else { throw .attribute("value") }
    self.value = value
  }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 1)
    let dimensions = try operands.constant(0).integers
    return .constants([try Tensor(repeating: value, dimensions: dimensions)])
  }
}
