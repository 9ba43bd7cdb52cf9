// Importers of products with more than plain operands (Einsum, FusedMatMul, FusedGemm), and of Mod.

internal import Network

/// Mod, opsets 10, 13.
@Sendable func importMod(_ node: inout NodeImport) throws(GraphError) {
  node.add(Arithmetic(try node.attributes.flag("fmod") ? .remainder : .modulo))
}

/// Einsum, opset 12.
@Sendable func importEinsum(_ node: inout NodeImport) throws(GraphError) {
  guard let equation = try node.attributes.string("equation") else { throw .attribute("equation") }
  node.add(try Einsum(equation))
}

/// com.microsoft's FusedMatMul and TransposeMatMul: op(A) · op(B) · alpha.
@Sendable func importFusedMatMul(_ node: inout NodeImport) throws(GraphError) {
  let factor = try node.attributes.float("alpha") ?? 1
  for name in ["transBatchA", "transBatchB"] where try node.attributes.flag(name) { throw .unsupported("\(name) 1") }
  let transposesA = try node.attributes.flag("transA")
  let transposesB = try node.attributes.flag("transB")
  node.add(MatrixProduct(factor: factor, transposesA: transposesA, transposesB: transposesB))
}

/// com.microsoft's FusedGemm: a Gemm and an activation.
@Sendable func importFusedGemm(_ node: inout NodeImport) throws(GraphError) {
  let activation = try node.activation(
    named: try node.attributes.string("activation"), [try node.attributes.float("activation_alpha")].compactMap { $0 })
  try importGemm(&node, followedBy: activation)
}

extension NodeImport {
  /// onnxruntime's fused activations.
  mutating func activation(named name: String?, _ parameters: [Float]) throws(GraphError) -> Activate? {
    switch (name, parameters.count) {
    case (nil, _), ("", _): nil
    case ("Relu", _): .relu
    case ("Sigmoid", _): .sigmoid
    case ("Tanh", _): .tanh
    case ("LeakyRelu", 0): .leakyRelu(alpha: 0.01)
    case ("LeakyRelu", _): .leakyRelu(alpha: parameters[0])
    case ("Clip", 2): .clip(from: parameters[0], to: parameters[1])
    case ("HardSigmoid", 2): .hardSigmoid(alpha: parameters[0], beta: parameters[1])
    default: throw .unsupported("activation \(name ?? "")")
    }
  }
}
