// Importers of Softmax and LogSoftmax, whose default axis changed in opset 13.

internal import Network

/// Softmax, opsets 1, 11 (flattens from the axis, 1 by default), 13 (along the axis, the last by default).
@Sendable func importSoftmax(_ node: inout NodeImport) throws(GraphError) {
  let axis = try softmaxAxis(&node)
  node.add(Softmax(axis: axis, flattens: node.opset < 13))
}

/// LogSoftmax, the same opsets.
@Sendable func importLogSoftmax(_ node: inout NodeImport) throws(GraphError) {
  let axis = try softmaxAxis(&node)
  node.add(Softmax(axis: axis, flattens: node.opset < 13, isLogarithm: true))
}

private func softmaxAxis(_ node: inout NodeImport) throws(GraphError) -> Int {
  try node.attributes.integer("axis") ?? (node.opset < 13 ? 1 : -1)
}
