// What an operator's importer works with: operands, attributes, and the graph it adds nodes to.

internal import Network

/// One node on its way into the graph: what its importer reads, and where it puts the operator.
struct NodeImport {
  let name: String
  let opset: Int
  let inputs: [OperatorGraph.ValueID?]
  /// Up to the last that is read.
  let outputs: [OperatorGraph.ValueID?]
  /// How many results the node has.
  let outputCount: Int
  var attributes: Attributes
  var graph: OperatorGraph

  /// The node becomes `operation`, reading `inputs`, by default the node's own.
  mutating func add(_ operation: any Operator, inputs: [OperatorGraph.ValueID?]? = nil) {
    graph.addNode(name: name, operation, inputs: inputs ?? self.inputs, outputs: outputs)
  }

  /// Operand `position`; nil where it is left out.
  func input(_ position: Int) -> OperatorGraph.ValueID? { position < inputs.count ? inputs[position] : nil }

  /// The result of one of several operators that the node consists of.
  mutating func intermediate(
    _ operation: any Operator, _ inputs: [OperatorGraph.ValueID?]
  ) -> OperatorGraph.ValueID {
    intermediates(operation, inputs, count: 1)[0]
  }

  /// The results of one of several operators that the node consists of.
  mutating func intermediates(
    _ operation: any Operator, _ inputs: [OperatorGraph.ValueID?], count: Int
  ) -> [OperatorGraph.ValueID] {
    let values = (0..<count).map { _ in graph.addValue(name: name) }
    graph.addNode(name: name, operation, inputs: inputs, outputs: values)
    return values
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
