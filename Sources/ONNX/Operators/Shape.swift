// Importers of Shape and Size.

internal import Network

/// Shape, opsets 1, 13, 15 (start and end), 19, 21.
@Sendable func importShape(_ node: inout NodeImport) throws(GraphError) {
  let start = try node.attributes.integer("start") ?? 0
  node.add(ShapeOf(start: start, end: try node.attributes.integer("end")))
}

/// Size, opsets 1, 13, 19, 21: the product of the dimensions.
@Sendable func importSize(_ node: inout NodeImport) throws(GraphError) {
  let shape = node.intermediate(ShapeOf(), node.inputs)
  node.add(Reduce(.product, axes: nil, keepsDimensions: false, emptyMeansNone: false), inputs: [shape])
}
