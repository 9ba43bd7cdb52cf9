// Importers of the operators of dynamically quantized models.

internal import Elements
internal import Network

/// ConvInteger, opset 10.
@Sendable func importConvInteger(_ node: inout NodeImport) throws(GraphError) {
  let window = try node.planarWindow(weights: 1)
  node.add(try ConvInteger(window: window, groups: try node.attributes.integer("group") ?? 1))
}

/// com.microsoft.DynamicQuantizeMatMul, version 1: A, quantized by its own range, times B, which is quantized.
/// Operands: A, B, B's scale, B's zero point, bias.
@Sendable func importDynamicQuantizeMatMul(_ node: inout NodeImport) throws(GraphError) {
  let quantized = node.intermediates(DynamicQuantizeLinear(), [node.input(0)], count: 3)
  let sums = node.intermediate(MatMulInteger(), [quantized[0], node.input(1), quantized[2], node.input(3)])
  let real = node.intermediate(Cast(to: .float32), [sums])
  let scale = node.intermediate(Arithmetic(.multiply), [quantized[1], node.input(2)])
  guard let bias = node.input(4) else { return node.add(Arithmetic(.multiply), inputs: [real, scale]) }
  let product = node.intermediate(Arithmetic(.multiply), [real, scale])
  node.add(Arithmetic(.add), inputs: [product, bias])
}
