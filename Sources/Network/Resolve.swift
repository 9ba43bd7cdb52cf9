// Turns an `OperatorGraph` into a `Graph`: shape inference and constant folding, operator by operator.

/// Type inference and constant folding in one walk: a Reshape's shape may depend on constants that depend on shapes.
/// Every node of the result is computed when the network runs, and constant operands are inside the computations.
extension OperatorGraph {
  /// Throws an error of every node that is refused, not only the first; of none where the importer refused one that an output
  /// depends on. Nodes that read the results of a refused node are not looked at: nothing is known of their operands.
  package func resolve() throws(NodeErrors) -> Graph {
    var resolver = Resolver(source: self)
    resolver.addInputs()
    for node in nodes { resolver.add(node) }
    resolver.addOutputs()
    guard resolver.errors.isEmpty, resolver.graph.outputs.count == outputs.count else {
      throw NodeErrors(errors: resolver.errors)
    }
    return resolver.graph
  }
}

/// The walk.
private struct Resolver {
  let source: OperatorGraph
  var graph = Graph()
  private(set) var errors: [NodeError] = []
  /// The resolved value of each value of the source; several may be the same, where an operator's result is its
  /// operand.
  private var resolved: [OperatorGraph.ValueID: Graph.ValueID] = [:]
  private let read: Set<OperatorGraph.ValueID>

  init(source: OperatorGraph) {
    self.source = source
    read = Set(source.nodes.flatMap(\.inputs).compactMap { $0 }).union(source.outputs)
  }

  mutating func addInputs() {
    for (index, value) in source.values.enumerated() {
      let id = OperatorGraph.ValueID(index: index)
      switch value.source {
      case .input(let type):
        let input = graph.add(Graph.Value(name: value.name, type: type))
        resolved[id] = input
        graph.inputs.append(input)
      case .constant(let tensor):
        do throws(GraphError) { resolved[id] = try addConstant(value.name, tensor) } catch {
          errors.append(NodeError(node: value.name, error: error))
        }
      case .node, .refused: break
      }
    }
  }

  /// An output that is missing because a node was refused is not reported again.
  mutating func addOutputs() {
    let isRefused = source.values.contains { if case .refused = $0.source { true } else { false } }
    for output in source.outputs {
      if let id = resolved[output] {
        graph.outputs.append(id)
      } else if errors.isEmpty && !isRefused {
        errors.append(NodeError(node: source.name(of: output), error: .unsupportedOutput(0)))
      }
    }
  }

  private mutating func addConstant(_ name: String, _ tensor: Tensor) throws(GraphError) -> Graph.ValueID {
    graph.add(Graph.Value(name: name, type: TensorType(tensor.type, try tensor.shape), constant: tensor))
  }

  mutating func add(_ node: OperatorGraph.Node) {
    var inputs: [Graph.ValueID?] = []
    for input in node.inputs {
      guard let input else {
        inputs.append(nil)
        continue
      }
      guard let id = resolved[input] else { return }
      inputs.append(id)
    }
    do throws(GraphError) { try add(node, inputs) } catch {
      errors.append(NodeError(node: node.name, error: error))
    }
  }

  private mutating func add(_ node: OperatorGraph.Node, _ inputs: [Graph.ValueID?]) throws(GraphError) {
    let results: Int
    switch try node.operation.resolve(Operands(all: inputs.map { $0.map(operand) })) {
    case .constants(let tensors):
      for (output, tensor) in zip(node.outputs, tensors) {
        if let output { resolved[output] = try addConstant(source.name(of: output), tensor) }
      }
      results = tensors.count
    case .operand(let position):
      guard let operand = inputs[position] else { throw .missingOperand(position) }
      if let output = node.outputs.first ?? nil { resolved[output] = operand }
      results = 1
    case .computed(let computation, let reads, let types):
      var kept: [Graph.ValueID] = []
      for position in reads {
        guard let input = inputs[position] else { throw .missingOperand(position) }
        kept.append(input)
      }
      let constants = kept.compactMap { graph[$0].constant }
      if constants.count == kept.count, !kept.isEmpty, !types.contains(where: { $0.shape.isBatched }) {
        let tensors = try computation.evaluate(constants, types)
        for (output, tensor) in zip(node.outputs, tensors) {
          if let output { resolved[output] = try addConstant(source.name(of: output), tensor) }
        }
        return try checkOutputs(node, tensors.count)
      }
      // A result that the node leaves out is computed all the same.
      var outputs: [Graph.ValueID] = []
      for (position, type) in types.enumerated() {
        let output = position < node.outputs.count ? node.outputs[position] : nil
        let id = graph.add(Graph.Value(name: output.map(source.name) ?? node.name, type: type))
        if let output { resolved[output] = id }
        outputs.append(id)
      }
      graph.nodes.append(
        Graph.Node(name: node.name, computation: computation, inputs: kept, outputs: outputs))
      results = types.count
    }
    try checkOutputs(node, results)
  }

  /// Throws `.unsupportedOutput` where a result beyond the first `count` is read.
  private func checkOutputs(_ node: OperatorGraph.Node, _ count: Int) throws(GraphError) {
    for case .some(let output) in node.outputs.dropFirst(count) where read.contains(output) {
      throw .unsupportedOutput(node.outputs.firstIndex(of: output) ?? count)
    }
  }

  private func operand(_ id: Graph.ValueID) -> Operand {
    Operand(type: graph[id].type.element, shape: graph[id].type.shape, constant: graph[id].constant)
  }
}
