internal import Network

/// ReduceMean, opsets 1, 11, 13 (axes as an attribute), 18 (as an operand).
@Sendable func importReduceMean(_ node: inout NodeImport) throws(GraphError) {
  let axes = try node.attributes.integers("axes")
  let keepsDimensions = try node.attributes.integer("keepdims") ?? 1 != 0
  let emptyMeansNone = try node.attributes.flag("noop_with_empty_axes")
  node.add(ReduceMean(axes: axes, keepsDimensions: keepsDimensions, emptyMeansNone: emptyMeansNone))
}
