internal import Network

/// MaxPool, opsets 1, 8, 10, 11, 12. Its second result, the indices, is not computed; `storage_order` concerns it alone.
@Sendable func importMaxPool(_ node: inout NodeImport) throws(GraphError) {
  node.attributes.ignore("storage_order")
  let window = try node.window()
  node.add(Pooling(.maximum, window: window, roundsUp: try node.attributes.flag("ceil_mode")))
}
