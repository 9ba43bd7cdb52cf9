internal import Network

/// Constant, opsets 1, 9, 11, 12, 13: a tensor, a number or numbers.
@Sendable func importConstant(_ node: inout NodeImport) throws(GraphError) {
  if let tensor = try node.attributes.tensor("value") {
    try node.addConstant(tensor)
  } else if let float = try node.attributes.float("value_float") {
    try node.addConstant(Tensor(dimensions: [], floats: [float]))
  } else if let integer = try node.attributes.integer("value_int") {
    try node.addConstant(Tensor(dimensions: [], integers: [integer]))
  } else if let floats = try node.attributes.floats("value_floats") {
    try node.addConstant(Tensor(dimensions: [floats.count], floats: floats))
  } else if let integers = try node.attributes.integers("value_ints") {
    try node.addConstant(Tensor(dimensions: [integers.count], integers: integers))
  } else {
    throw .attribute("value")
  }
}
