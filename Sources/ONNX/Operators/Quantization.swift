// Importers of QuantizeLinear and DequantizeLinear, and helpers for quantized operands.

internal import Elements
internal import Network

/// QuantizeLinear, opsets 10, 13 (axis), 19, 21 (blocks, 16 and 4 bits, which are refused), 23; com.microsoft too.
@Sendable func importQuantizeLinear(_ node: inout NodeImport) throws(GraphError) {
  node.attributes.ignore("saturate")
  node.attributes.ignore("precision")
  let axis = try node.quantizationAxis()
  var type = ElementType.uint8
  if let code = try node.attributes.integer("output_dtype"), code != 0 {
    guard let stated = ElementType(onnx: code) else { throw .unsupported("quantization to \(elementTypeName(code))") }
    type = stated
  }
  node.add(QuantizeLinear(axis: axis, type: type))
}

/// DequantizeLinear, opsets 10, 13 (axis), 19, 21 (blocks, which are refused), 23; com.microsoft too.
@Sendable func importDequantizeLinear(_ node: inout NodeImport) throws(GraphError) {
  if let code = try node.attributes.integer("output_dtype"), code != 0, code != 1 {
    throw .unsupported("output_dtype \(elementTypeName(code))")
  }
  node.add(DequantizeLinear(axis: try node.quantizationAxis()))
}

extension NodeImport {
  fileprivate mutating func quantizationAxis() throws(GraphError) -> Int {
    if try attributes.integer("block_size") ?? 0 != 0 { throw .unsupported("blocked quantization") }
    return try attributes.integer("axis") ?? 1
  }

  /// The real numbers of the quantized operand at `position`, whose scale and zero point follow it.
  mutating func dequantized(_ position: Int, axis: Int = 1) -> OperatorGraph.ValueID {
    intermediate(DequantizeLinear(axis: axis), [input(position), input(position + 1), input(position + 2)])
  }

  /// The node's result is `value` quantized with the scale and zero point at these operands.
  mutating func addQuantized(_ value: OperatorGraph.ValueID, scale: Int, zeroPoint: Int) {
    add(QuantizeLinear(axis: 1), inputs: [value, input(scale), input(zeroPoint)])
  }

  /// A window over height and width: quantized operators over one axis are refused.
  mutating func planarWindow(weights: Int?) throws(GraphError) -> Window {
    let (window, isFlat) = try window(weights: weights.flatMap(input))
    if isFlat { throw .unsupported("a quantized operator over one axis") }
    return window
  }

  /// com.microsoft's image operators can have the channels last, which no exporter for processors writes.
  mutating func refuseChannelsLast() throws(GraphError) {
    if try attributes.flag("channels_last") { throw .unsupported("channels_last 1") }
  }
}
