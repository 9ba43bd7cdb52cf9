// Importer of Constant, in each of its attribute forms.

internal import Network

/// Constant, opsets 1, 9, 11, 12, 13: a tensor, a number or numbers.
@Sendable func importConstant(_ node: inout NodeImport) throws(GraphError) {
  if let tensor = try node.attributes.tensor("value") {
    node.addConstant(tensor)
  } else if let float = try node.attributes.float("value_float") {
    node.addConstant(try Tensor(dimensions: [], floats: [float]))
  } else if let integer = try node.attributes.integer("value_int") {
    node.addConstant(try Tensor(dimensions: [], integers: [integer]))
  } else if let floats = try node.attributes.floats("value_floats") {
    node.addConstant(try Tensor(dimensions: [floats.count], floats: floats))
  } else if let integers = try node.attributes.integers("value_ints") {
    node.addConstant(try Tensor(dimensions: [integers.count], integers: integers))
  } else {
    throw .attribute("value")
  }
}
