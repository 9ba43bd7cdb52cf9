// Importer of LRN (local response normalization).

internal import Network

/// LRN, opsets 1, 13.
@Sendable func importLRN(_ node: inout NodeImport) throws(GraphError) {
  guard let size = try node.attributes.integer("size") else { throw .attribute("size") }
  let alpha = try node.attributes.float("alpha") ?? 1e-4
  let beta = try node.attributes.float("beta") ?? 0.75
  let bias = try node.attributes.float("bias") ?? 1
  node.add(try LocalResponseNormalization(size: size, alpha: alpha, beta: beta, bias: bias))
}
