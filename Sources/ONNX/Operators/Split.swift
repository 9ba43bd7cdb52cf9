// Importer of Split, whose sizes moved from an attribute to an operand in opset 13.

internal import Network

/// Split, opsets 2, 11 (sizes as an attribute), 13 (as an operand), 18 (num_outputs).
@Sendable func importSplit(_ node: inout NodeImport) throws(GraphError) {
  let axis = try node.attributes.integer("axis") ?? 0
  let sizes = try node.attributes.integers("split")
  let parts = try node.attributes.integer("num_outputs") ?? node.outputCount
  guard parts == node.outputCount else { throw .attribute("num_outputs") }
  node.add(Split(axis: axis, sizes: sizes, parts: parts))
}
