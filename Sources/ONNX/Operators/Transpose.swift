// Importer of Transpose.

internal import Network

/// Transpose, opsets 1, 13, 21.
@Sendable func importTranspose(_ node: inout NodeImport) throws(GraphError) {
  node.add(Transpose(permutation: try node.attributes.integers("perm")))
}
