// Importer of BatchNormalization.

internal import Network

/// BatchNormalization at inference, opsets 7, 9, 14, 15.
@Sendable func importBatchNormalization(_ node: inout NodeImport) throws(GraphError) {
  node.attributes.ignore("momentum")
  if try node.attributes.integer("spatial") ?? 1 != 1 { throw .unsupported("spatial 0") }
  let isTraining = try node.attributes.flag("training_mode")
  let epsilon = try node.attributes.float("epsilon") ?? 1e-5
  node.add(BatchNormalization(epsilon: epsilon, isTraining: isTraining))
}
