// Dequantization in the graph; constants keep their integers for the quantization passes.

internal import Elements

/// DequantizeLinear: (x − zero point) · scale. Operands: x, scale and zero point, the last two constants of one element,
/// or of one per position along `axis`. The result has the type of the scale.
package struct DequantizeLinear: Operator {
  let axis: Int

  package init(axis: Int) { self.axis = axis }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 3)
    let operand = try operands.operand(0)
    switch operand.type {
    case .uint8, .int8: break
    // A bias.
    case .int32: break
    default: throw .unsupported("quantization to \(operand.type.rawValue)")
    }
    let quantization = try operands.quantization(operand.type, of: operand.shape, axis: axis)
    let type = try operands.constant(1).type
    if let constant = operand.constant {
      return .constants([try Tensor(type: type, dequantizing: constant, quantization)])
    }
    let shape = try operands.elements(0)
    return .computed(Dequantize(quantization), reads: [0], results: [TensorType(type, shape)])
  }
}
