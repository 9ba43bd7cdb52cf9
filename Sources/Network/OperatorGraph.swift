// The graph an importer builds: operators before shape inference and constant folding.

public import Elements

/// A graph as a model file states it: operators in the order they can run, and the values they read and write. An
/// importer fills it through `add…`; it does not depend on a file format. `resolve` makes a `Graph` of it.
public struct OperatorGraph: Sendable {
  /// An index into `values`.
  public struct ValueID: Hashable, Sendable {
    let index: Int
  }

  enum Source: Sendable {
    case input(TensorType)
    case constant(Tensor)
    /// A node writes it.
    case node
  }

  struct Value: Sendable {
    let name: String
    let source: Source
  }

  struct Node: Sendable {
    /// What an error message or a profile calls it.
    let name: String
    let operation: any Operator
    /// nil where an optional operand is left out.
    let inputs: [ValueID?]
    /// nil where an optional result is not wanted.
    let outputs: [ValueID?]
  }

  private(set) var values: [Value] = []
  private(set) var nodes: [Node] = []
  private(set) var inputs: [ValueID] = []
  private(set) var outputs: [ValueID] = []

  public init() {}

  public mutating func addInput(name: String, type: ElementType, shape: Shape) -> ValueID {
    let id = add(Value(name: name, source: .input(TensorType(type, shape))))
    inputs.append(id)
    return id
  }

  public mutating func addConstant(name: String, _ tensor: Tensor) -> ValueID {
    add(Value(name: name, source: .constant(tensor)))
  }

  /// A value that a node added later will write.
  public mutating func addValue(name: String) -> ValueID { add(Value(name: name, source: .node)) }

  /// Nodes are added in the order they can run.
  public mutating func addNode(
    name: String, _ operation: any Operator, inputs: [ValueID?], outputs: [ValueID?]
  ) {
    nodes.append(Node(name: name, operation: operation, inputs: inputs, outputs: outputs))
  }

  public mutating func addOutput(_ id: ValueID) { outputs.append(id) }

  /// The dimensions of a constant.
  public func constantDimensions(of id: ValueID) -> [Int]? {
    if case .constant(let tensor) = values[id.index].source { tensor.dimensions } else { nil }
  }

  public func name(of id: ValueID) -> String { values[id.index].name }

  private mutating func add(_ value: Value) -> ValueID {
    values.append(value)
    return ValueID(index: values.count - 1)
  }
}
