// Importer of Concat.

internal import Network

/// Concat, opsets 4, 11, 13.
@Sendable func importConcat(_ node: inout NodeImport) throws(GraphError) {
  guard let axis = try node.attributes.integer("axis") else { throw .attribute("axis") }
  node.add(Concat(axis: axis))
}
