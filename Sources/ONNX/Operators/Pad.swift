// Importer of Pad, whose parameters moved from attributes to operands in opset 11.

internal import Network

/// Pad, opsets 2 (pads and value as attributes), 11, 13 (as operands), 18 (axes), 19 (wrap), 21.
@Sendable func importPad(_ node: inout NodeImport) throws(GraphError) {
  guard let mode = Pad.Mode(rawValue: try node.attributes.string("mode") ?? "constant") else {
    throw .attribute("mode")
  }
  if node.opset >= 11 { return node.add(Pad(mode: mode)) }
  guard let pads = try node.attributes.integers("pads") else { throw .attribute("pads") }
  let value = try node.attributes.float("value") ?? 0
  let operands: [OperatorGraph.ValueID?] = [
    node.inputs.first ?? nil, try node.constant(pads, "pads"), try node.constant(value, "value"),
  ]
  node.add(Pad(mode: mode), inputs: operands)
}
