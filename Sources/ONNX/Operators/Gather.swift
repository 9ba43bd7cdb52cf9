// Importer of Gather.

internal import Network

/// Gather, opsets 1, 11, 13.
@Sendable func importGather(_ node: inout NodeImport) throws(GraphError) {
  node.add(Gather(axis: try node.attributes.integer("axis") ?? 0))
}
