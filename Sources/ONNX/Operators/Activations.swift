internal import Network

/// Clip, opsets 6 (bounds as attributes), 11, 12, 13 (as operands).
@Sendable func importClip(_ node: inout NodeImport) throws(GraphError) {
  let low = try node.attributes.float("min") ?? -.infinity
  let high = try node.attributes.float("max") ?? .infinity
  node.add(Activate.clip(from: low, to: high))
}

/// HardSigmoid, opset 6.
@Sendable func importHardSigmoid(_ node: inout NodeImport) throws(GraphError) {
  let alpha = try node.attributes.float("alpha") ?? 0.2
  let beta = try node.attributes.float("beta") ?? 0.5
  node.add(Activate.hardSigmoid(alpha: alpha, beta: beta))
}

/// LeakyRelu, opsets 6, 16.
@Sendable func importLeakyRelu(_ node: inout NodeImport) throws(GraphError) {
  node.add(Activate.leakyRelu(alpha: try node.attributes.float("alpha") ?? 0.01))
}
