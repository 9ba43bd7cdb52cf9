// Importers of AveragePool and MaxPool, in one and two dimensions.

internal import Network

/// AveragePool, opsets 7, 10, 11, 19, 22.
@Sendable func importAveragePool(_ node: inout NodeImport) throws(GraphError) {
  let countsPadding = try node.attributes.flag("count_include_pad")
  try importPooling(&node, .average(countsPadding: countsPadding))
}

/// MaxPool, opsets 1, 8, 10, 11, 12, 22. Its second result, the indices, is not computed; `storage_order` concerns it alone.
@Sendable func importMaxPool(_ node: inout NodeImport) throws(GraphError) {
  node.attributes.ignore("storage_order")
  try importPooling(&node, .maximum)
}

/// Pooling over one axis is pooling over height 1.
private func importPooling(_ node: inout NodeImport, _ kind: Pooling.Kind) throws(GraphError) {
  let (window, isFlat) = try node.window(weights: nil)
  let operation = Pooling(kind, window: window, roundsUp: try node.attributes.flag("ceil_mode"))
  if !isFlat { return node.add(operation) }
  let result = node.intermediate(operation, [try node.heightened(node.input(0))])
  // The indices are a result that no node may read.
  node.add(Reshape("Squeeze", .squeeze(axes: [2])), inputs: [result])
}
