internal import Network

/// Conv, opsets 1 and 11.
@Sendable func importConv(_ node: inout NodeImport) throws(GraphError) {
  let window = try node.window()
  node.add(try Conv(window: window, groups: try node.attributes.integer("group") ?? 1))
}
