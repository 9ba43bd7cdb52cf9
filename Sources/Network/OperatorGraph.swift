// The graph an importer builds: operators before shape inference and constant folding.

package import Elements

/// A graph as a model file states it: operators in the order they can run, and the values they read and write. An
/// importer fills it through `add…`; it does not depend on a file format. `resolve` makes a `Graph` of it.
package struct OperatorGraph: Sendable {
  /// An index into `values`.
  package struct ValueID: Hashable, Sendable {
    let index: Int
  }

  enum Source: Sendable {
    case input(TensorType)
    case constant(Tensor)
    /// A node writes it.
    case node
    /// A node would write it that the importer refused.
    case refused
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

  package init() {}

  package mutating func addInput(name: String, type: ElementType, shape: Shape) -> ValueID {
    let id = add(Value(name: name, source: .input(TensorType(type, shape))))
    inputs.append(id)
    return id
  }

  package mutating func addConstant(name: String, _ tensor: Tensor) -> ValueID {
    add(Value(name: name, source: .constant(tensor)))
  }

  /// A value that a node added later will write.
  package mutating func addValue(name: String) -> ValueID { add(Value(name: name, source: .node)) }

  /// The result of a node that was refused: `resolve` looks at no node that reads it.
  package mutating func addRefused(name: String) -> ValueID { add(Value(name: name, source: .refused)) }

  /// Nodes are added in the order they can run.
  package mutating func addNode(
    name: String, _ operation: any Operator, inputs: [ValueID?], outputs: [ValueID?]
  ) {
    nodes.append(Node(name: name, operation: operation, inputs: inputs, outputs: outputs))
  }

  package mutating func addOutput(_ id: ValueID) { outputs.append(id) }

  /// The dimensions of a constant.
  package func constantDimensions(of id: ValueID) -> [Int]? {
    if case .constant(let tensor) = values[id.index].source { tensor.dimensions } else { nil }
  }

  package func name(of id: ValueID) -> String { values[id.index].name }

  private mutating func add(_ value: Value) -> ValueID {
    values.append(value)
    return ValueID(index: values.count - 1)
  }
}
