internal import Network

/// AveragePool, opsets 7, 10, 11, 19.
@Sendable func importAveragePool(_ node: inout NodeImport) throws(GraphError) {
  let window = try node.window()
  let countsPadding = try node.attributes.flag("count_include_pad")
  let roundsUp = try node.attributes.flag("ceil_mode")
  node.add(Pooling(.average(countsPadding: countsPadding), window: window, roundsUp: roundsUp))
}
