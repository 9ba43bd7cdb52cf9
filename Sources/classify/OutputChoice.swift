// Which of a model's outputs holds the classes.

import Elements
import Network

/// The outputs that could be read: one row of numbers per image.
struct OutputChoice {
  private struct Candidate {
    let index: Int
    let name: String
    let shape: Shape
  }

  private let candidates: [Candidate]
  private let all: String
  private let path: String

  init(_ graph: Graph, path: String) {
    candidates = graph.outputs.indices.compactMap { index in
      let shape = graph.outputShape(index)
      guard graph.outputConstant(index) == nil, graph.outputType(index).isFloating, shape.count > 0,
        shape.dimensions.filter({ $0 != 1 }).count <= 1
      else { return nil }
      return Candidate(index: index, name: graph.outputName(index), shape: shape)
    }
    all = graph.outputs.indices.map { "\(graph.outputName($0)) \(graph.outputShape($0))" }.joined(separator: ", ")
    self.path = path
  }

  /// The output called `name`; without a name the only one, else the only one with as many numbers as there are labels, else
  /// the only one of two dimensions. Throws `ConfigurationError` where none or several are left.
  func index(named name: String?, labels: Int) throws -> Int {
    if let name {
      guard let chosen = candidates.first(where: { $0.name == name }) else {
        throw ConfigurationError.noSuchOutput(path: path, name: name, outputs: all)
      }
      return chosen.index
    }
    guard let first = candidates.first else {
      throw ConfigurationError.notClassifier(path, "no output is one row of numbers per image: \(all)")
    }
    if candidates.count == 1 { return first.index }
    let fitting = candidates.filter { $0.shape.count == labels }
    if fitting.count == 1 { return fitting[0].index }
    let rows = candidates.filter { $0.shape.rank == 2 }
    if fitting.isEmpty && rows.count == 1 { return rows[0].index }
    throw ConfigurationError.severalOutputs(path: path, outputs: all)
  }
}
