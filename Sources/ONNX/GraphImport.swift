// Builds an `OperatorGraph` from a GraphProto: initializers, inputs with open dimensions, and the needed nodes.

internal import Elements
internal import Network

/// GraphProto to `OperatorGraph`. What no output depends on is not even looked at: unused inputs, weights, nodes and branches.
struct GraphImport {
  /// What the first dimension of an input is taken as.
  enum BatchRule {
    /// The batch, where the file leaves it open or says 1.
    case batched
    /// One image.
    case single
  }

  private let files: ModelFiles
  private let batch: BatchRule
  private var graph = OperatorGraph()
  private var values: [String: OperatorGraph.ValueID] = [:]

  private init(_ files: ModelFiles, _ batch: BatchRule) {
    self.files = files
    self.batch = batch
  }

  /// - Parameter functions: the model's own operators.
  static func graph(
    _ message: GraphMessage, functions: [FunctionMessage], opset: Int, files: ModelFiles, batch: BatchRule
  ) throws(ModelError) -> OperatorGraph {
    var expansion = try Expansion(message, functions: functions, opset: opset)
    let outputs = message.outputs.map(\.name)
    while true {
      let order = try needed(expansion, message, outputs)
      guard let branching = order.nodes.first(where: { expansion.nodes[$0].isBranching }) else {
        return try graph(expansion, order, message, outputs, files, batch)
      }
      // The first in the order, so its condition depends on no other If.
      let condition = expansion.nodes[branching].message.inputs.prefix(1).map { $0 }
      let part = try needed(expansion, message, condition)
      let taken = try graph(expansion, part, message, condition, files, batch).condition(
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
    _ expansion: Expansion, _ order: NodeOrder, _ message: GraphMessage, _ outputs: [String], _ files: ModelFiles,
    _ batch: BatchRule
  ) throws(ModelError) -> OperatorGraph {
    if let name = expansion.sparseInitializers.intersection(order.read).min() {
      throw .unsupportedFeature("the sparse initializer \(name)")
    }
    try checkOperators(order.nodes.map { expansion.nodes[$0] })
    var result = GraphImport(files, batch)
    // Before IR version 4 every initializer is listed as an input too.
    for input in message.inputs where order.read.contains(input.name) && expansion.initializers[input.name] == nil {
      try result.add(input)
    }
    for name in order.read.sorted() {
      if let initializer = expansion.initializers[name] { try result.add(name, initializer) }
    }
    for index in order.nodes { try result.add(expansion.nodes[index], order.read) }
    for name in outputs {
      guard let id = result.values[name] else { throw .missingOutput(name) }
      result.graph.addOutput(id)
    }
    return result.graph
  }

  private mutating func define(_ name: String, _ id: OperatorGraph.ValueID) throws(ModelError) {
    if values.updateValue(id, forKey: name) != nil { throw .duplicate(value: name) }
  }

  private mutating func add(_ name: String, _ initializer: TensorMessage) throws(ModelError) {
    let tensor = try initializer.tensor(files)
    try define(name, graph.addConstant(name: name, tensor))
  }

  private mutating func add(_ input: ValueMessage) throws(ModelError) {
    guard let dimensions = input.dimensions, let code = input.elementType else {
      throw .input(name: input.name, .notTensor)
    }
    guard let type = ElementType(onnx: code) else { throw .input(name: input.name, .type(code)) }
    var (sizes, isBatched): ([Int], Bool) = ([], false)
    for (axis, dimension) in dimensions.enumerated() {
      switch dimension {
      case .size(let size) where axis == 0 && size <= 0:
        isBatched = batch == .batched
        sizes.append(1)
      case .size(let size):
        guard size > 0 else {
          sizes.append(try open(axis, dimensions, input.name, String(size)))
          continue
        }
        if axis == 0 && size == 1 && batch == .batched { isBatched = true }
        sizes.append(size)
      case .name(let name):
        guard axis == 0 else {
          sizes.append(try open(axis, dimensions, input.name, name))
          continue
        }
        isBatched = batch == .batched
        sizes.append(1)
      }
    }
    let shape: Shape
    do throws(GraphError) { shape = try Shape(sizes, isBatched: isBatched) } catch {
      throw .input(name: input.name, .dimensions)
    }
    try define(input.name, graph.addInput(name: input.name, type: type, shape: shape))
  }

  /// A dimension that the file leaves open: a picture's height or width is stated from outside, its channels are three.
  private func open(
    _ axis: Int, _ dimensions: [ValueMessage.Dimension], _ input: String, _ name: String
  ) throws(ModelError) -> Int {
    var isChannelsLast = false
    if dimensions.count == 4, case .size(let last) = dimensions[3], last == 1 || last == 3 {
      if case .size(let second) = dimensions[1] {
        isChannelsLast = second != 1 && second != 3
      } else {
        isChannelsLast = true
      }
    }
    let roles = isChannelsLast ? [nil, "height", "width", "channels"] : [nil, "channels", "height", "width"]
    guard dimensions.count == 4 else { throw .input(name: input, .dynamic(dimension: name)) }
    if roles[axis] == "channels" { return 3 }
    guard let size = files.imageSize else { throw .input(name: input, .dynamic(dimension: name)) }
    return roles[axis] == "height" ? size.height : size.width
  }

  private mutating func add(_ node: Expansion.Node, _ read: Set<String>) throws(ModelError) {
    let message = node.message
    guard let importer = operatorTable[message.qualifiedType] else {
      throw .unsupportedOperators([UnsupportedOperator(node)])
    }
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
    // Results that no node reads are not requested; one before a result that is read needs its place.
    let wanted = message.outputs.lastIndex { read.contains($0) && !$0.isEmpty } ?? -1
    let outputs: [OperatorGraph.ValueID?] = message.outputs[...wanted].map { graph.addValue(name: $0) }
    var site = NodeImport(
      name: node.label, opset: node.scope.opset, inputs: inputs, outputs: outputs,
      outputCount: message.outputs.count, attributes: try Attributes(message, files), graph: graph)
    do throws(GraphError) {
      try importer(&site)
      try site.attributes.requireAllRead()
    } catch { throw .node(NodeError(node: node.label, error: error)) }
    graph = site.graph
    for (name, id) in zip(message.outputs, outputs) {
      if let id, !name.isEmpty { try define(name, id) }
    }
  }

  /// Throws one error for all that is not there.
  private static func checkOperators(_ nodes: [Expansion.Node]) throws(ModelError) {
    var seen = Set<String>()
    let unsupported = nodes.filter { operatorTable[$0.message.qualifiedType] == nil }
      .filter { seen.insert($0.message.qualifiedType).inserted }
    if !unsupported.isEmpty { throw .unsupportedOperators(unsupported.map(UnsupportedOperator.init)) }
  }
}

extension Expansion.Node {
  fileprivate var isBranching: Bool { message.qualifiedType == "If" }
}

extension NodeMessage {
  /// The operator's name, after its domain where that is not ONNX's own.
  var qualifiedType: String { isStandard(domain) ? operatorType : "\(domain).\(operatorType)" }
}

extension UnsupportedOperator {
  init(_ node: Expansion.Node) { self.init(node: node.label, type: node.message.qualifiedType) }
}

extension OperatorGraph {
  /// The one boolean that the graph computes from constants alone.
  fileprivate func condition(_ node: String) throws(ModelError) -> Bool {
    let graph: Graph
    do throws(NodeError) { graph = try resolve() } catch { throw .node(error) }
    guard graph.outputs.count == 1 else { throw .node(NodeError(node: node, error: .missingOperand(0))) }
    guard let constant = graph.outputConstant(0) else {
      throw .node(NodeError(node: node, error: .unsupported("a condition that is computed from the image")))
    }
    let values: [Int]
    do throws(GraphError) { values = try constant.integers } catch { throw .node(NodeError(node: node, error: error)) }
    guard values.count == 1 else { throw .node(NodeError(node: node, error: .notConstant(operand: 0))) }
    return values[0] != 0
  }
}
