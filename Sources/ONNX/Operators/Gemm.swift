// Importer of Gemm, with or without a fused activation.

internal import Network

/// Gemm, opsets 7, 9, 11 (C may be left out), 13.
@Sendable func importGemm(_ node: inout NodeImport) throws(GraphError) { try importGemm(&node, followedBy: nil) }

func importGemm(_ node: inout NodeImport, followedBy activation: Activate?) throws(GraphError) {
  let alpha = try node.attributes.float("alpha") ?? 1
  let beta = try node.attributes.float("beta") ?? 1
  let transposesA = try node.attributes.integer("transA") ?? 0 != 0
  let transposesB = try node.attributes.integer("transB") ?? 0 != 0
  let gemm = Gemm(alpha: alpha, beta: beta, transposesA: transposesA, transposesB: transposesB)
  guard let activation else { return node.add(gemm) }
  node.add(activation, inputs: [node.intermediate(gemm, node.inputs)])
}
