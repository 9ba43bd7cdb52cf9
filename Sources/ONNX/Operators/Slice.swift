// Importer of Slice, whose parameters moved from attributes to operands in opset 10.

internal import Network

/// Slice, opsets 1 (all attributes), 10, 11, 13 (all operands).
@Sendable func importSlice(_ node: inout NodeImport) throws(GraphError) {
  if node.opset >= 10 { return node.add(Slice()) }
  guard let starts = try node.attributes.integers("starts"), let ends = try node.attributes.integers("ends") else {
    throw .attribute("starts")
  }
  let axes = try node.attributes.integers("axes") ?? Array(starts.indices)
  let operands: [OperatorGraph.ValueID?] = [
    node.inputs.first ?? nil, try node.constant(starts, "starts"), try node.constant(ends, "ends"),
    try node.constant(axes, "axes"),
  ]
  node.add(Slice(), inputs: operands)
}
