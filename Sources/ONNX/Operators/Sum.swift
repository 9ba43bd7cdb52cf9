internal import Network

/// Sum, opsets 6, 8, 13: additions one after another.
@Sendable func importSum(_ node: inout NodeImport) throws(GraphError) {
  guard node.inputs.count > 1 else { return node.add(Identity("Sum")) }
  var total = node.inputs[0]
  for (index, summand) in node.inputs.enumerated().dropFirst() {
    let isLast = index == node.inputs.count - 1
    let sum: OperatorGraph.ValueID? =
      isLast ? node.outputs.first ?? nil : node.graph.addValue(name: "\(node.name)/\(index)")
    node.graph.addNode(name: node.name, Arithmetic(.add), inputs: [total, summand], outputs: [sum])
    total = sum
  }
}
