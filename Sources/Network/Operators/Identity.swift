// Operators that pass their operand through.

/// Identity, and Dropout at inference: the result is the operand. Dropout's mask is refused where a node reads it.
package struct Identity: Operator {
  let name: String

  package init(_ name: String) { self.name = name }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    // Dropout since opset 12: ratio, which training alone uses, and training_mode.
    try operands.require(atMost: 3)
    if let training = try operands.optionalConstant(2), try training.integers.contains(where: { $0 != 0 }) {
      throw .unsupported("training_mode")
    }
    _ = try operands.operand(0)
    return .operand(0)
  }
}
