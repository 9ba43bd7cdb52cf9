/// Shape inference and constant folding in one walk: a Reshape's shape may depend on constants that depend on shapes.
/// After it every value has a shape, every node that is left is computed when the network runs, and constant
/// parameters are inside the operators.
extension Graph {
  public mutating func resolve() throws(NodeError) {
    let read = Set(nodes.flatMap(\.inputs).compactMap { $0 }).union(outputs)
    var resolved: [Node] = []
    // What a value that turned out to be another one is read as.
    var aliases: [ValueID: ValueID] = [:]
    for node in nodes {
      let inputs = node.inputs.map { $0.map { aliases[$0] ?? $0 } }
      do throws(GraphError) {
        let results: Int
        switch try node.operation.resolve(Operands(all: inputs.map { $0.map(operand) })) {
        case .constants(let tensors):
          for (output, tensor) in zip(node.outputs, tensors) {
            guard let output else { continue }
            self[output].constant = tensor
            self[output].type = tensor.type
            self[output].shape = try tensor.shape
          }
          results = tensors.count
        case .operand(let position):
          guard let source = inputs[position] else { throw .missingOperand(position) }
          if let output = node.outputs.first ?? nil { aliases[output] = source }
          results = 1
        case .computed(let operation, let reads, let shapes):
          let kept = reads.map { inputs[$0] }
          for (output, shape) in zip(node.outputs, shapes) {
            guard let output else { continue }
            self[output].shape = shape
            self[output].type = type(of: operation, reading: kept)
          }
          resolved.append(Node(name: node.name, operation: operation, inputs: kept, outputs: node.outputs))
          results = shapes.count
        }
        for case .some(let output) in node.outputs.dropFirst(results) where read.contains(output) {
          throw .unsupportedOutput(node.outputs.firstIndex(of: output) ?? results)
        }
      } catch {
        throw NodeError(node: node.name, error: error)
      }
    }
    nodes = resolved
    outputs = outputs.map { aliases[$0] ?? $0 }
  }

  private func operand(_ id: ValueID) -> Operand {
    Operand(type: self[id].type, shape: shape(id), constant: self[id].constant)
  }

  /// A cast names its type; every other operator that is computed keeps that of what it reads.
  private func type(of operation: any Operator, reading inputs: [ValueID?]) -> ElementType {
    if let cast = operation as? Cast { return cast.type }
    guard let first = inputs.first ?? nil else { return .float32 }
    return self[first].type
  }
}
