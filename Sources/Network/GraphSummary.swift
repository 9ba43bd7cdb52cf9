// Statistics of a resolved graph (operators, parameters, multiply-adds) and access to its inputs and outputs.

public import Elements

/// What a resolved graph consists of, for people.
public struct GraphSummary: Sendable {
  /// How often each computation occurs, in order of their names.
  public let operators: [(name: String, count: Int)]
  public let parameters: Int
  /// By the definition, per item of the batch.
  public let multiplyAdds: Int
}

extension Graph {
  /// Of the nodes that are left after `resolve`.
  public var summary: GraphSummary {
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

  public func inputShape(_ index: Int) -> Shape { shape(inputs[index]) }
  public func outputShape(_ index: Int) -> Shape { shape(outputs[index]) }
  public func inputName(_ index: Int) -> String { self[inputs[index]].name }
  public func outputName(_ index: Int) -> String { self[outputs[index]].name }
  public func inputType(_ index: Int) -> ElementType { self[inputs[index]].type.element }
  public func outputType(_ index: Int) -> ElementType { self[outputs[index]].type.element }
  /// An output that no input changes.
  public func outputConstant(_ index: Int) -> Tensor? { self[outputs[index]].constant }
}

extension Graph {
  /// Whether every input and output has one item per item of the batch.
  public var followsBatch: Bool {
    (inputs + outputs).allSatisfy { shape($0).isBatched && shape($0).dimensions[0] == 1 }
  }
}
