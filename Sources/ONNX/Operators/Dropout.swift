// Importer of Dropout, which is the identity at inference.

internal import Network

/// Dropout at inference, opsets 7, 10, 12, 13: does nothing.
@Sendable func importDropout(_ node: inout NodeImport) throws(GraphError) {
  node.attributes.ignore("ratio")
  node.attributes.ignore("seed")
  node.add(Identity("Dropout"))
}
