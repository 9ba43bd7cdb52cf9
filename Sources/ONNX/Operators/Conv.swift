// Importers of Conv and FusedConv, in one and two dimensions.

internal import Network

/// Conv, opsets 1, 11, 22. A convolution over one axis is one over height 1.
@Sendable func importConv(_ node: inout NodeImport) throws(GraphError) {
  let (window, isFlat) = try node.window(weights: node.input(1))
  let operation = try Conv(window: window, groups: try node.attributes.integer("group") ?? 1)
  if !isFlat { return node.add(operation) }
  let weights = try node.heightened(node.input(1))
  let result = node.intermediate(operation, [try node.heightened(node.input(0)), weights, node.input(2)])
  node.add(Reshape("Squeeze", .squeeze(axes: [2])), inputs: [result])
}

/// com.microsoft's FusedConv: a convolution, a summand (operand 3) and an activation.
@Sendable func importFusedConv(_ node: inout NodeImport) throws(GraphError) {
  let parameters = try node.attributes.floats("activation_params") ?? []
  let activation = try node.activation(named: try node.attributes.string("activation"), parameters)
  let (window, isFlat) = try node.window(weights: node.input(1))
  if isFlat { throw .unsupported("a convolution over one axis") }
  let operation = try Conv(window: window, groups: try node.attributes.integer("group") ?? 1)
  var result = node.intermediate(operation, [node.input(0), node.input(1), node.input(2)])
  if let summand = node.input(3) { result = node.intermediate(Arithmetic(.add), [result, summand]) }
  if let activation {
    node.add(activation, inputs: [result])
  } else {
    node.add(Identity("FusedConv"), inputs: [result])
  }
}

extension NodeImport {
  /// (n, channels, width) as (n, channels, 1, width).
  mutating func heightened(_ value: OperatorGraph.ValueID?) throws(GraphError) -> OperatorGraph.ValueID? {
    intermediate(Reshape("Unsqueeze", .unsqueeze(axes: [2])), [value])
  }
}
