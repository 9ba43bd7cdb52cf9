// Importers of the activation functions, ONNX's and com.microsoft's.

internal import Network

/// An operator without attributes.
func importPlain(_ operation: any Operator) -> Importer {
  { node throws(GraphError) in node.add(operation) }
}

/// Clip, opsets 6 (bounds as attributes), 11, 12, 13 (as operands).
@Sendable func importClip(_ node: inout NodeImport) throws(GraphError) {
  let low = try node.attributes.float("min") ?? -.infinity
  let high = try node.attributes.float("max") ?? .infinity
  node.add(Activate.clip(from: low, to: high))
}

/// HardSigmoid, opsets 6, 22.
@Sendable func importHardSigmoid(_ node: inout NodeImport) throws(GraphError) {
  let alpha = try node.attributes.float("alpha") ?? 0.2
  let beta = try node.attributes.float("beta") ?? 0.5
  node.add(Activate.hardSigmoid(alpha: alpha, beta: beta))
}

/// LeakyRelu, opsets 6, 16.
@Sendable func importLeakyRelu(_ node: inout NodeImport) throws(GraphError) {
  node.add(Activate.leakyRelu(alpha: try node.attributes.float("alpha") ?? 0.01))
}

/// Gelu, opset 20, and com.microsoft's, which has no attribute.
@Sendable func importGelu(_ node: inout NodeImport) throws(GraphError) {
  switch try node.attributes.string("approximate") ?? "none" {
  case "none": node.add(Activate.gelu)
  case "tanh": node.add(Activate.tanhGelu)
  default: throw .attribute("approximate")
  }
}

/// com.microsoft's BiasGelu and FastGelu: a bias, which FastGelu may leave out, and Gelu, FastGelu's by a hyperbolic tangent.
func importBiasGelu(_ activation: Activate) -> Importer {
  { node throws(GraphError) in
    guard let bias = node.input(1) else { return node.add(activation, inputs: [node.input(0)]) }
    node.add(activation, inputs: [node.intermediate(Arithmetic(.add), [node.input(0), bias])])
  }
}

/// Swish, opset 24; com.microsoft's QuickGelu, whose alpha is another by default.
func importSwish(alpha standard: Float) -> Importer {
  { node throws(GraphError) in node.add(Activate.swish(alpha: try node.attributes.float("alpha") ?? standard)) }
}

/// Elu, opsets 6, 22.
@Sendable func importElu(_ node: inout NodeImport) throws(GraphError) {
  let alpha = try node.attributes.float("alpha") ?? 1
  node.add(UnaryFunction("Elu", .exponentialLinear(alpha: alpha, beta: 1, gamma: 1)))
}

/// Celu, opset 12: the slope below 0 is alpha · (e^(x/alpha) − 1).
@Sendable func importCelu(_ node: inout NodeImport) throws(GraphError) {
  let alpha = try node.attributes.float("alpha") ?? 1
  guard alpha != 0 else { throw .attribute("alpha") }
  node.add(UnaryFunction("Celu", .exponentialLinear(alpha: alpha, beta: alpha, gamma: 1)))
}

/// Selu, opsets 6, 22.
@Sendable func importSelu(_ node: inout NodeImport) throws(GraphError) {
  let alpha = try node.attributes.float("alpha") ?? 1.673_263_2
  let gamma = try node.attributes.float("gamma") ?? 1.050_701
  node.add(UnaryFunction("Selu", .exponentialLinear(alpha: alpha, beta: 1, gamma: gamma)))
}

/// ThresholdedRelu, opsets 10, 22.
@Sendable func importThresholdedRelu(_ node: inout NodeImport) throws(GraphError) {
  node.add(UnaryFunction("ThresholdedRelu", .threshold(alpha: try node.attributes.float("alpha") ?? 1)))
}

/// Shrink, opset 9.
@Sendable func importShrink(_ node: inout NodeImport) throws(GraphError) {
  let lambda = try node.attributes.float("lambd") ?? 0.5
  node.add(UnaryFunction("Shrink", .shrink(lambda: lambda, bias: try node.attributes.float("bias") ?? 0)))
}
