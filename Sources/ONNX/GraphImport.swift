// Builds an `OperatorGraph` from a GraphProto: initializers, inputs with open dimensions, and the needed nodes.

internal import Elements
internal import Network
internal import POSIX

/// GraphProto to `OperatorGraph`. What no output depends on is ignored: unused inputs, weights, nodes and branches.
struct GraphImport {
  /// A graph, and what was refused.
  struct Result {
    let graph: OperatorGraph
    let refusals: Refusals
    /// The operator of each node.
    let types: [String: String]
  }

  private let files: ModelFiles
  private let batch: InputBatch
  private let imageSize: ImageSize?
  private var graph = OperatorGraph()
  private var values: [String: OperatorGraph.ValueID] = [:]
  private var refusals = Refusals()

  private init(_ files: ModelFiles, _ batch: InputBatch, _ imageSize: ImageSize?) {
    self.files = files
    self.batch = batch
    self.imageSize = imageSize
  }

  /// - Parameters:
  ///   - functions: the model's own operators.
  ///   - imageSize: of images, where the file leaves it open.
  static func graph(
    _ message: GraphMessage, functions: [FunctionMessage], opset: Int, files: ModelFiles, batch: InputBatch,
    imageSize: ImageSize?
  ) throws(ModelError) -> Result {
    var expansion = try Expansion(message, functions: functions, opset: opset)
    let outputs = message.outputs.map(\.name)
    while true {
      let order = try needed(expansion, message, outputs)
      guard let branching = order.nodes.first(where: { expansion.nodes[$0].isBranching }) else {
        return try graph(expansion, order, message, outputs, GraphImport(files, batch, imageSize))
      }
      // The first in the order, so its condition depends on no other If.
      let condition = expansion.nodes[branching].message.inputs.prefix(1).map { $0 }
      let part = try needed(expansion, message, condition)
      let taken = try graph(expansion, part, message, condition, GraphImport(files, batch, imageSize)).condition(
        expansion.nodes[branching].label)
      try expansion.takeBranch(taken, at: branching)
    }
  }

  private static func needed(
    _ expansion: Expansion, _ message: GraphMessage, _ outputs: [String]
  ) throws(ModelError) -> NodeOrder {
    let given = Set(message.inputs.map(\.name)).union(expansion.initializers.keys).union(expansion.sparseInitializers)
    return try NodeOrder(expansion.nodes, outputs: outputs, given: given)
  }

  private static func graph(
    _ expansion: Expansion, _ order: NodeOrder, _ message: GraphMessage, _ outputs: [String], _ empty: GraphImport
  ) throws(ModelError) -> Result {
    if let name = expansion.sparseInitializers.intersection(order.read).min() {
      throw .unsupportedFeature("the sparse initializer \(name)")
    }
    var result = empty
    // Before IR version 4 every initializer is listed as an input too.
    for input in message.inputs where order.read.contains(input.name) && expansion.initializers[input.name] == nil {
      try result.add(input)
    }
    for name in order.read.sorted() {
      if let initializer = expansion.initializers[name] { try result.add(name, initializer) }
    }
    var types: [String: String] = [:]
    for index in order.nodes {
      let node = expansion.nodes[index]
      types[node.label] = node.message.qualifiedType
      try result.add(node, order.read)
    }
    for name in outputs {
      guard let id = result.values[name] else { throw .missingOutput(name) }
      result.graph.addOutput(id)
    }
    return Result(graph: result.graph, refusals: result.refusals, types: types)
  }

  private mutating func define(_ name: String, _ id: OperatorGraph.ValueID) throws(ModelError) {
    if values.updateValue(id, forKey: name) != nil { throw .duplicate(value: name) }
  }

  private mutating func add(_ name: String, _ initializer: TensorMessage) throws(ModelError) {
    let tensor: Tensor
    do throws(ModelError) { tensor = try initializer.tensor(files) } catch {
      guard case .tensor(_, .type(let code)) = error else { throw error }
      refusals.add(name, type: "", .elementType(code))
      return try define(name, graph.addRefused(name: name))
    }
    try define(name, graph.addConstant(name: name, tensor))
  }

  private mutating func add(_ input: ValueMessage) throws(ModelError) {
    let (type, shape) = try input.type(batch, imageSize)
    try define(input.name, graph.addInput(name: input.name, type: type, shape: shape))
  }

  private mutating func add(_ node: Expansion.Node, _ read: Set<String>) throws(ModelError) {
    let message = node.message
    var inputs: [OperatorGraph.ValueID?] = []
    for name in message.inputs {
      if name.isEmpty {
        inputs.append(nil)
      } else if let id = values[name] {
        inputs.append(id)
      } else {
        throw .undefined(node: node.label, value: name)
      }
    }
    guard let importer = operatorTable[message.qualifiedType] else {
      return try refuse(node, .unknownOperator(message.qualifiedType))
    }
    let attributes: Attributes
    do throws(ModelError) { attributes = try Attributes(message, files) } catch {
      guard case .tensor(_, .type(let code)) = error else { throw error }
      return try refuse(node, .elementType(code))
    }
    // Results that no node reads are not requested; one before a result that is read needs its place.
    let wanted = message.outputs.lastIndex { read.contains($0) && !$0.isEmpty } ?? -1
    let outputs: [OperatorGraph.ValueID?] = message.outputs[...wanted].map { graph.addValue(name: $0) }
    var site = NodeImport(
      name: node.label, opset: node.scope.opset, inputs: inputs, outputs: outputs,
      outputCount: message.outputs.count, attributes: attributes, graph: OperatorGraph())
    // Exchanged, not copied: a graph that two variables hold is copied whole by the next change.
    swap(&site.graph, &graph)
    var error: GraphError?
    do throws(GraphError) {
      try importer(&site)
      try site.attributes.requireAllRead()
    } catch let refusal { error = refusal }
    swap(&site.graph, &graph)
    if let error { return try refuse(node, .form(error)) }
    for (name, id) in zip(message.outputs, outputs) {
      if let id, !name.isEmpty { try define(name, id) }
    }
  }

  private mutating func refuse(_ node: Expansion.Node, _ reason: Refusal.Reason) throws(ModelError) {
    refusals.add(node.label, type: node.message.qualifiedType, reason)
    for name in node.message.outputs where !name.isEmpty { try define(name, graph.addRefused(name: name)) }
  }
}

extension GraphImport.Result {
  /// The graph with all shapes known. Throws `.refused` with everything that is not supported.
  func resolved() throws(ModelError) -> Graph {
    var refusals = refusals
    do throws(NodeErrors) {
      let result = try graph.resolve()
      if refusals.all.isEmpty { return result }
    } catch {
      for error in error.errors { refusals.add(error.node, type: types[error.node] ?? "", .form(error.error)) }
    }
    throw .refused(refusals.all)
  }

  /// The one boolean that the graph computes from constants alone.
  fileprivate func condition(_ node: String) throws(ModelError) -> Bool {
    let graph = try resolved()
    guard graph.outputs.count == 1 else { throw .node(NodeError(node: node, error: .missingOperand(0))) }
    guard let constant = graph.outputConstant(0) else {
      throw .node(NodeError(node: node, error: .unsupported("a condition that is computed from the image")))
    }
    let values = try mapError {
      ModelError.node(NodeError(node: node, error: $0))
    } of: { () throws(GraphError) in
      try constant.integers
    }
    guard values.count == 1 else { throw .node(NodeError(node: node, error: .notConstant(operand: 0))) }
    return values[0] != 0
  }
}

extension Expansion.Node {
  fileprivate var isBranching: Bool { message.qualifiedType == "If" }
}

extension NodeMessage {
  /// The operator's name, with its domain unless that is ONNX's own.
  var qualifiedType: String { isStandard(domain) ? operatorType : "\(domain).\(operatorType)" }
}
