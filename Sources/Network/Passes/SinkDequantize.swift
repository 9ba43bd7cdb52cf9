// Moves dequantization behind data movement, so that transposes, slices and concatenations copy bytes.

internal import Elements

/// Real numbers that were made of bytes and are only moved are moved as bytes: a DequantizeLinear goes behind the
/// computations that move elements, and behind a maximum, while what they move is of one quantization.
extension Graph {
  mutating func sinkDequantize() {
    var moved: [Node] = []
    // The nodes that make real numbers of bytes, by their result.
    var makers: [ValueID: (source: ValueID, computation: Dequantize)] = [:]
    for node in nodes {
      let operands = node.inputs.compactMap { makers[$0] }
      guard let first = operands.first, operands.count == node.inputs.count, node.computation.movesElements,
        operands.allSatisfy({ $0.computation.quantization == first.computation.quantization })
      else {
        if let dequantize = node.computation as? Dequantize, dequantize.quantization.bytes != nil {
          makers[node.outputs[0]] = (node.inputs[0], dequantize)
        }
        moved.append(node)
        continue
      }
      let element = first.computation.quantization.element
      let bytes = node.outputs.map { output in
        add(Value(name: self[output].name, type: TensorType(element, shape(output))))
      }
      moved.append(
        Node(name: node.name, computation: node.computation, inputs: operands.map(\.source), outputs: bytes))
      for (source, output) in zip(bytes, node.outputs) {
        makers[output] = (source, first.computation)
        moved.append(Node(name: node.name, computation: first.computation, inputs: [source], outputs: [output]))
      }
    }
    nodes = moved
    removeUnused()
  }
}

extension Computation {
  /// Whether every element of the results is one of the operands', unchanged.
  fileprivate var movesElements: Bool {
    switch self {
    case is View, is Permutation, is Split, is Concat: true
    case let select as Select: !select.fills
    case let pooling as Pooling: pooling.kind == .maximum
    default: false
    }
  }
}
