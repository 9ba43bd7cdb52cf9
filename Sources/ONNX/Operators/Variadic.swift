// Importer of the operators with any number of operands, as a chain of binary operations.

internal import Network

/// Sum, Min, Max, Mean, opsets 6, 8, 12, 13: any number of operands, one after another.
func importVariadic(_ kind: Arithmetic.Kind, isMean: Bool = false) -> Importer {
  { node throws(GraphError) in
    let (operands, name) = (node.inputs, node.name)
    guard operands.count > 1 else { return node.add(Identity(kind.rawValue)) }
    var total = operands[0]
    for (index, operand) in operands.enumerated().dropFirst() {
      if index == operands.count - 1 && !isMean {
        node.add(Arithmetic(kind), inputs: [total, operand])
      } else {
        total = node.intermediate(Arithmetic(kind), [total, operand])
      }
    }
    guard isMean else { return }
    let count = node.graph.addConstant(
      name: "\(name)/count", try Tensor(dimensions: [], floats: [Float(operands.count)]))
    node.add(Arithmetic(.divide), inputs: [total, count])
  }
}
