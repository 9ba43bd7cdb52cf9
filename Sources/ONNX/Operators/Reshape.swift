// Importers of the operators that change dimensions and keep elements: Reshape, Flatten, Squeeze, Unsqueeze.

internal import Network

/// Reshape, opsets 5, 13, 14 (allowzero), 19, 21.
@Sendable func importReshape(_ node: inout NodeImport) throws(GraphError) {
  node.add(Reshape("Reshape", .dimensions(allowZero: try node.attributes.flag("allowzero"))))
}

/// Flatten, opsets 1, 9, 11 (negative axis), 13, 21.
@Sendable func importFlatten(_ node: inout NodeImport) throws(GraphError) {
  node.add(Reshape("Flatten", .flatten(axis: try node.attributes.integer("axis") ?? 1)))
}

/// Squeeze, opsets 1, 11 (axes as an attribute), 13, 21 (as an operand).
@Sendable func importSqueeze(_ node: inout NodeImport) throws(GraphError) {
  node.add(Reshape("Squeeze", .squeeze(axes: try node.attributes.integers("axes"))))
}

/// Unsqueeze, opsets 1, 11 (axes as an attribute), 13, 21 (as an operand).
@Sendable func importUnsqueeze(_ node: inout NodeImport) throws(GraphError) {
  node.add(Reshape("Unsqueeze", .unsqueeze(axes: try node.attributes.integers("axes"))))
}
