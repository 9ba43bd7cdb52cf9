// Importers of the QLinear operators, expanded to dequantize, compute, quantize.

internal import Network

// Operators on quantized tensors, each as the operator on real numbers between DequantizeLinear and QuantizeLinear.

/// QLinearConv, opset 10. Operands: x, weights and result, each with scale and zero point (the result without x), bias.
@Sendable func importQLinearConv(_ node: inout NodeImport) throws(GraphError) {
  try node.refuseChannelsLast()
  let convolution = try Conv(
    window: try node.planarWindow(weights: 3), groups: try node.attributes.integer("group") ?? 1)
  var operands: [OperatorGraph.ValueID?] = [node.dequantized(0), node.dequantized(3, axis: 0)]
  if let bias = node.input(8) {
    // int32, in units of the operands' scales multiplied.
    let scale = node.intermediate(Arithmetic(.multiply), [node.input(1), node.input(4)])
    operands.append(node.intermediate(DequantizeLinear(axis: 0), [bias, scale]))
  }
  node.addQuantized(node.intermediate(convolution, operands), scale: 6, zeroPoint: 7)
}

/// QLinearMatMul, opsets 10, 21. Operands: a, b and the result, each with scale and zero point.
@Sendable func importQLinearMatMul(_ node: inout NodeImport) throws(GraphError) {
  let product = node.intermediate(MatrixProduct(), [node.dequantized(0, axis: -2), node.dequantized(3, axis: -1)])
  node.addQuantized(product, scale: 6, zeroPoint: 7)
}

/// com.microsoft.QGemm, version 1: alpha · op(A) · op(B) + C, where C counts in units of alpha and both scales.
/// Operands: A, B with scale and zero point, C, the result's scale and zero point; without these the result is real.
@Sendable func importQGemm(_ node: inout NodeImport) throws(GraphError) {
  let alpha = try node.attributes.float("alpha") ?? 1
  let transposesA = try node.attributes.integer("transA") ?? 0 != 0
  let transposesB = try node.attributes.integer("transB") ?? 0 != 0
  let gemm = Gemm(alpha: alpha, beta: alpha, transposesA: transposesA, transposesB: transposesB)
  var operands: [OperatorGraph.ValueID?] = [node.dequantized(0), node.dequantized(3, axis: transposesB ? 0 : 1)]
  if let bias = node.input(6) {
    let scale = node.intermediate(Arithmetic(.multiply), [node.input(1), node.input(4)])
    operands.append(node.intermediate(DequantizeLinear(axis: -1), [bias, scale]))
  }
  if node.input(7) == nil { return node.add(gemm, inputs: operands) }
  node.addQuantized(node.intermediate(gemm, operands), scale: 7, zeroPoint: 8)
}

/// com.microsoft.QLinearAdd and QLinearMul, version 1. Operands: A and B with scale and zero point, the result's.
func importQLinearArithmetic(_ kind: Arithmetic.Kind) -> Importer {
  { node throws(GraphError) in
    let result = node.intermediate(Arithmetic(kind), [node.dequantized(0), node.dequantized(3)])
    node.addQuantized(result, scale: 6, zeroPoint: 7)
  }
}

/// com.microsoft.QLinearConcat, version 1. Operands: the result's scale and zero point, then each part with its own.
@Sendable func importQLinearConcat(_ node: inout NodeImport) throws(GraphError) {
  guard let axis = try node.attributes.integer("axis") else { throw .attribute("axis") }
  guard node.inputs.count >= 5, node.inputs.count % 3 == 2 else { throw .missingOperand(node.inputs.count) }
  let parts = stride(from: 2, to: node.inputs.count, by: 3).map { node.dequantized($0) }
  node.addQuantized(node.intermediate(Concat(axis: axis), parts), scale: 0, zeroPoint: 1)
}

/// com.microsoft.QLinearAveragePool, version 1. Operands: X with scale and zero point, the result's.
@Sendable func importQLinearAveragePool(_ node: inout NodeImport) throws(GraphError) {
  try node.refuseChannelsLast()
  let countsPadding = try node.attributes.flag("count_include_pad")
  let window = try node.planarWindow(weights: nil)
  let roundsUp = try node.attributes.flag("ceil_mode")
  try importUnary(&node, Pooling(.average(countsPadding: countsPadding), window: window, roundsUp: roundsUp))
}

/// com.microsoft.QLinearGlobalAveragePool, version 1.
@Sendable func importQLinearGlobalAveragePool(_ node: inout NodeImport) throws(GraphError) {
  try node.refuseChannelsLast()
  try importUnary(&node, GlobalPooling(.average))
}

/// com.microsoft.QLinearLeakyRelu, version 1.
@Sendable func importQLinearLeakyRelu(_ node: inout NodeImport) throws(GraphError) {
  try importUnary(&node, Activate.leakyRelu(alpha: try node.attributes.float("alpha") ?? 0.01))
}

/// com.microsoft.QLinearSigmoid, version 1.
@Sendable func importQLinearSigmoid(_ node: inout NodeImport) throws(GraphError) {
  try importUnary(&node, Activate.sigmoid)
}

/// com.microsoft.QLinearSoftmax, version 1; `opset` says which of ONNX's two definitions is meant.
@Sendable func importQLinearSoftmax(_ node: inout NodeImport) throws(GraphError) {
  guard let opset = try node.attributes.integer("opset") else { throw .attribute("opset") }
  let axis = try node.attributes.integer("axis") ?? (opset < 13 ? 1 : -1)
  try importUnary(&node, Softmax(axis: axis, flattens: opset < 13))
}

/// Operands: X with scale and zero point, the result's scale and zero point.
private func importUnary(_ node: inout NodeImport, _ operation: any Operator) throws(GraphError) {
  node.addQuantized(node.intermediate(operation, [node.dequantized(0)]), scale: 3, zeroPoint: 4)
}
