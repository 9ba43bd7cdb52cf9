// Importer of ConstantOfShape.

internal import Network

/// ConstantOfShape, opsets 9, 20, 21. Without `value` it repeats 0.
@Sendable func importConstantOfShape(_ node: inout NodeImport) throws(GraphError) {
  let zero = try Tensor(dimensions: [1], floats: [0])
  node.add(try ConstantOfShape(value: try node.attributes.tensor("value") ?? zero))
}
