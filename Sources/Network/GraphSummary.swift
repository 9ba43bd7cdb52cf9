// Statistics of a resolved graph (operators, parameters, multiply-adds) and access to its inputs and outputs.

package import Elements

/// The contents of a resolved graph, for reports.
package struct GraphSummary: Sendable {
  /// How often each computation occurs, in order of their names.
  package let operators: [(name: String, count: Int)]
  package let parameters: Int
  /// By the definition, per item of the batch.
  package let multiplyAdds: Int
}

extension Graph {
  /// Of the nodes that are left after `resolve`.
  package var summary: GraphSummary {
    var counts: [String: Int] = [:]
    var (parameters, multiplyAdds) = (0, 0)
    for node in nodes {
      counts[node.computation.name, default: 0] += 1
      parameters += node.computation.parameterCount
      multiplyAdds += node.computation.multiplyAdds(
        node.inputs.map(shape), node.outputs.map(shape))
    }
    return GraphSummary(
      operators: counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, parameters: parameters,
      multiplyAdds: multiplyAdds)
  }

  package func inputShape(_ index: Int) -> Shape { shape(inputs[index]) }
  package func outputShape(_ index: Int) -> Shape { shape(outputs[index]) }
  package func inputName(_ index: Int) -> String { self[inputs[index]].name }
  package func outputName(_ index: Int) -> String { self[outputs[index]].name }
  package func inputType(_ index: Int) -> ElementType { self[inputs[index]].type.element }
  package func outputType(_ index: Int) -> ElementType { self[outputs[index]].type.element }
  /// An output that no input changes.
  package func outputConstant(_ index: Int) -> Tensor? { self[outputs[index]].constant }
}

extension Graph {
  /// Whether every input and output has one item per item of the batch.
  package var followsBatch: Bool {
    (inputs + outputs).allSatisfy { shape($0).isBatched && shape($0).dimensions[0] == 1 }
  }
}
