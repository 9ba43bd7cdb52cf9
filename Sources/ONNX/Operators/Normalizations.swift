// Importers of the layer, RMS, instance, group and mean-variance normalizations.

internal import Network

/// LayerNormalization, opset 17. The mean and deviation, its second and third results, are not computed.
@Sendable func importLayerNormalization(_ node: inout NodeImport) throws(GraphError) {
  let axis = try node.attributes.integer("axis") ?? -1
  let epsilon = try node.attributes.float("epsilon") ?? 1e-5
  if try node.attributes.integer("stash_type") ?? 1 != 1 { throw .attribute("stash_type") }
  node.add(Normalization("LayerNormalization", .layer(axis: axis), epsilon: epsilon))
}

/// RMSNormalization, opset 23; onnxruntime's SimplifiedLayerNormalization.
@Sendable func importRMSNormalization(_ node: inout NodeImport) throws(GraphError) {
  let axis = try node.attributes.integer("axis") ?? -1
  let epsilon = try node.attributes.float("epsilon") ?? 1e-5
  if try node.attributes.integer("stash_type") ?? 1 != 1 { throw .attribute("stash_type") }
  node.add(Normalization("RMSNormalization", .rootMeanSquare(axis: axis), epsilon: epsilon))
}

/// InstanceNormalization, opsets 6, 22.
@Sendable func importInstanceNormalization(_ node: inout NodeImport) throws(GraphError) {
  let epsilon = try node.attributes.float("epsilon") ?? 1e-5
  node.add(Normalization("InstanceNormalization", .instance, epsilon: epsilon))
}

/// GroupNormalization, opsets 18 (scale and shift per group), 21 (per channel).
@Sendable func importGroupNormalization(_ node: inout NodeImport) throws(GraphError) {
  guard let groups = try node.attributes.integer("num_groups") else { throw .attribute("num_groups") }
  let epsilon = try node.attributes.float("epsilon") ?? 1e-5
  if try node.attributes.integer("stash_type") ?? 1 != 1 { throw .attribute("stash_type") }
  node.add(Normalization("GroupNormalization", .group(groups: groups), epsilon: epsilon))
}

/// MeanVarianceNormalization, opsets 9, 13.
@Sendable func importMeanVarianceNormalization(_ node: inout NodeImport) throws(GraphError) {
  let axes = try node.attributes.integers("axes") ?? [0, 2, 3]
  node.add(Normalization("MeanVarianceNormalization", .meanVariance(axes: axes), epsilon: 1e-9))
}

/// com.microsoft's SkipLayerNormalization: x + skip (+ bias), then a LayerNormalization. Operands: x, skip, scale, shift?, bias?;
/// the sum is its fourth result.
@Sendable func importSkipLayerNormalization(_ node: inout NodeImport) throws(GraphError) {
  let epsilon = try node.attributes.float("epsilon") ?? 1e-12
  var sum = node.intermediate(Arithmetic(.add), [node.input(0), node.input(1)])
  if let bias = node.input(4) { sum = node.intermediate(Arithmetic(.add), [sum, bias]) }
  if node.outputs.count > 3, let output = node.outputs[3] {
    node.graph.addNode(name: node.name, Identity("SkipLayerNormalization"), inputs: [sum], outputs: [output])
  }
  let result = Normalization("LayerNormalization", .layer(axis: -1), epsilon: epsilon)
  node.graph.addNode(
    name: node.name, result, inputs: [sum, node.input(2), node.input(3)], outputs: [node.outputs.first ?? nil])
}
