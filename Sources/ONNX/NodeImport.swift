internal import Network

/// One node on its way into the graph: what its importer reads, and where it puts the operator.
struct NodeImport {
  let name: String
  let opset: Int
  let inputs: [OperatorGraph.ValueID?]
  let outputs: [OperatorGraph.ValueID?]
  var attributes: Attributes
  var graph: OperatorGraph

  /// The node becomes `operation`, reading the node's inputs unless told otherwise.
  mutating func add(_ operation: any Operator, inputs: [OperatorGraph.ValueID?]? = nil) {
    graph.addNode(name: name, operation, inputs: inputs ?? self.inputs, outputs: outputs)
  }

  /// An operand that older opsets stated as an attribute.
  mutating func constant(_ integers: [Int], _ role: String) throws(GraphError) -> OperatorGraph.ValueID {
    graph.addConstant(name: "\(name)/\(role)", try Tensor(dimensions: [integers.count], integers: integers))
  }

  mutating func constant(_ float: Float, _ role: String) throws(GraphError) -> OperatorGraph.ValueID {
    graph.addConstant(name: "\(name)/\(role)", try Tensor(dimensions: [], floats: [float]))
  }

  /// A constant known without any operand.
  mutating func addConstant(_ tensor: Tensor) {
    let id = graph.addConstant(name: "\(name)/value", tensor)
    add(Identity("Constant"), inputs: [id])
  }
}

/// Reads a node's attributes and adds its operator.
typealias Importer = @Sendable (inout NodeImport) throws(GraphError) -> Void
