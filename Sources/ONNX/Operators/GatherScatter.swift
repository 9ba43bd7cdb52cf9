// Importers of the Gather and Scatter variants with element or N-dimensional indices.

internal import Network

/// GatherElements, opsets 11, 13.
@Sendable func importGatherElements(_ node: inout NodeImport) throws(GraphError) {
  node.add(GatherScatter(.gatherElements(axis: try node.attributes.integer("axis") ?? 0)))
}

/// GatherND, opsets 11, 12 (batch_dims), 13.
@Sendable func importGatherND(_ node: inout NodeImport) throws(GraphError) {
  node.add(GatherScatter(.gatherND(batchAxes: try node.attributes.integer("batch_dims") ?? 0)))
}

/// ScatterElements, opsets 11, 13, 16 and 18 (reduction).
@Sendable func importScatterElements(_ node: inout NodeImport) throws(GraphError) {
  let axis = try node.attributes.integer("axis") ?? 0
  node.add(GatherScatter(.scatterElements(axis: axis), update: try node.update()))
}

/// ScatterND, opsets 11, 13, 16 and 18 (reduction).
@Sendable func importScatterND(_ node: inout NodeImport) throws(GraphError) {
  node.add(GatherScatter(.scatterND, update: try node.update()))
}

extension NodeImport {
  fileprivate mutating func update() throws(GraphError) -> GatherScatter.Update {
    guard let update = GatherScatter.Update(rawValue: try attributes.string("reduction") ?? "none") else {
      throw .attribute("reduction")
    }
    return update
  }
}
