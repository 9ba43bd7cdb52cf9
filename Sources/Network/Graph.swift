// The graph after shape inference and constant folding, and its use-def index.

/// A resolved graph: computations in the order they run, and the values they read and write, whose types are known.
/// The passes rewrite it; `Network` runs it.
package struct Graph: Sendable {
  /// An index into `values`.
  package struct ValueID: Hashable, Sendable {
    let index: Int
  }

  struct Value: Sendable {
    let name: String
    var type: TensorType
    var constant: Tensor?
    var layout: Layout = .rowMajor
  }

  struct Node: Sendable {
    /// What an error message or a profile calls it.
    let name: String
    var computation: any Computation
    var inputs: [ValueID]
    var outputs: [ValueID]
  }

  var values: [Value] = []
  var nodes: [Node] = []
  package internal(set) var inputs: [ValueID] = []
  package internal(set) var outputs: [ValueID] = []

  func name(of id: ValueID) -> String { values[id.index].name }

  mutating func add(_ value: Value) -> ValueID {
    values.append(value)
    return ValueID(index: values.count - 1)
  }

  subscript(id: ValueID) -> Value {
    get { values[id.index] }
    set { values[id.index] = newValue }
  }

  func shape(_ id: ValueID) -> Shape { self[id].type.shape }

  /// A value like `id` for a rewriting pass, under a name of its own.
  mutating func addCopy(of id: ValueID, suffix: String, shape: Shape) -> ValueID {
    add(
      Value(
        name: self[id].name + suffix, type: TensorType(self[id].type.element, shape), layout: self[id].layout))
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
      for id in node.inputs { readers[id.index].append(index) }
      for id in node.outputs { writer[id.index] = index }
    }
    for id in graph.outputs { isOutput[id.index] = true }
    self.isOutput = isOutput
  }

  func readers(of id: Graph.ValueID) -> [Int] { readers[id.index] }
  func writer(of id: Graph.ValueID) -> Int? { writer[id.index] }
  func isOutput(_ id: Graph.ValueID) -> Bool { isOutput[id.index] }

  /// The one node that reads `id`, if it is read exactly once and is not an output of the graph.
  func onlyReader(of id: Graph.ValueID) -> Int? {
    isOutput(id) || readers(of: id).count != 1 ? nil : readers(of: id)[0]
  }
}
