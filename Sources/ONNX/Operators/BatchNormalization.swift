internal import Network

/// BatchNormalization at inference, opsets 7, 9, 14, 15.
@Sendable func importBatchNormalization(_ node: inout NodeImport) throws(GraphError) {
  node.attributes.ignore("momentum")
  if try node.attributes.integer("spatial") ?? 1 != 1 { throw .unsupported("spatial 0") }
  if try node.attributes.flag("training_mode") { throw .unsupported("training_mode 1") }
  node.add(BatchNormalization(epsilon: try node.attributes.float("epsilon") ?? 1e-5))
}
