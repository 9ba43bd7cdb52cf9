/// A typed graph: nodes in the order they can run, values they read and write. It knows no file format; an importer
/// fills it through `add…` and `Network` rewrites it pass by pass.
public struct Graph: Sendable {
  /// An index into `values`.
  public struct ValueID: Hashable, Sendable {
    let index: Int
  }

  struct Value: Sendable {
    let name: String
    var type: ElementType
    /// Known for inputs and constants from the start, for the rest once `resolve` has run.
    var shape: Shape?
    var constant: Tensor?
    var layout: Layout = .rowMajor
  }

  struct Node: Sendable {
    /// What an error message or a profile calls it.
    let name: String
    var operation: any Operator
    /// nil where an optional operand is left out.
    var inputs: [ValueID?]
    /// nil where an optional result is not wanted.
    var outputs: [ValueID?]
  }

  var values: [Value] = []
  var nodes: [Node] = []
  public private(set) var inputs: [ValueID] = []
  public internal(set) var outputs: [ValueID] = []

  public init() {}

  public mutating func addInput(name: String, type: ElementType, shape: Shape) -> ValueID {
    let id = add(Value(name: name, type: type, shape: shape))
    inputs.append(id)
    return id
  }

  public mutating func addConstant(name: String, _ tensor: Tensor) throws(GraphError) -> ValueID {
    add(Value(name: name, type: tensor.type, shape: try tensor.shape, constant: tensor))
  }

  /// A value that a node added later will write.
  public mutating func addValue(name: String) -> ValueID { add(Value(name: name, type: .float32)) }

  /// Nodes are added in the order they can run.
  public mutating func addNode(
    name: String, _ operation: any Operator, inputs: [ValueID?], outputs: [ValueID?]
  ) {
    nodes.append(Node(name: name, operation: operation, inputs: inputs, outputs: outputs))
  }

  public mutating func addOutput(_ id: ValueID) { outputs.append(id) }

  public func name(of id: ValueID) -> String { values[id.index].name }

  private mutating func add(_ value: Value) -> ValueID {
    values.append(value)
    return ValueID(index: values.count - 1)
  }

  subscript(id: ValueID) -> Value {
    get { values[id.index] }
    set { values[id.index] = newValue }
  }

  /// The shape of a resolved value.
  func shape(_ id: ValueID) -> Shape {
    guard let shape = self[id].shape else { preconditionFailure("the value \(self[id].name) is not resolved") }
    return shape
  }

  /// A value like `id` for a rewriting pass, under a name of its own.
  mutating func addCopy(of id: ValueID, suffix: String, shape: Shape) -> ValueID {
    add(Value(name: self[id].name + suffix, type: self[id].type, shape: shape, layout: self[id].layout))
  }
}

/// Who reads and who writes each value: node indices, valid until the graph's nodes change.
struct Uses {
  private(set) var readers: [[Int]]
  private(set) var writer: [Int?]
  private let isOutput: [Bool]

  init(_ graph: Graph) {
    readers = Array(repeating: [], count: graph.values.count)
    writer = Array(repeating: nil, count: graph.values.count)
    var isOutput = Array(repeating: false, count: graph.values.count)
    for (index, node) in graph.nodes.enumerated() {
      for case .some(let id) in node.inputs { readers[id.index].append(index) }
      for case .some(let id) in node.outputs { writer[id.index] = index }
    }
    for id in graph.outputs { isOutput[id.index] = true }
    self.isOutput = isOutput
  }

  func readers(of id: Graph.ValueID) -> [Int] { readers[id.index] }
  func writer(of id: Graph.ValueID) -> Int? { writer[id.index] }
  func isOutput(_ id: Graph.ValueID) -> Bool { isOutput[id.index] }

  /// The one node that reads `id`, if it is read exactly once and is no output of the graph.
  func onlyReader(of id: Graph.ValueID) -> Int? {
    isOutput(id) || readers(of: id).count != 1 ? nil : readers(of: id)[0]
  }
}
