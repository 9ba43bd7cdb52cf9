// Moves multiplication by a number into the product of matrices before or after it.

/// x · c is part of a product of matrices that computes x, or that alone reads it.
extension Graph {
  mutating func foldFactors() {
    let uses = Uses(self)
    var removed = Set<Int>()
    for index in nodes.indices {
      guard var product = nodes[index].computation as? MatrixProduct else { continue }
      for position in 0..<2 {
        let input = nodes[index].inputs[position]
        guard let writer = uses.writer(of: input), uses.onlyReader(of: input) == index, !removed.contains(writer),
          let (source, factor, shift) = affine(nodes[writer]), shift == 0
        else { continue }
        product.factor *= factor
        nodes[index].inputs[position] = source
        removed.insert(writer)
      }
      if let reader = uses.onlyReader(of: nodes[index].outputs[0]), !removed.contains(reader),
        let (_, factor, shift) = affine(nodes[reader]), shift == 0
      {
        product.factor *= factor
        nodes[index].outputs = nodes[reader].outputs
        removed.insert(reader)
      }
      nodes[index].computation = product
    }
    removeNodes(removed)
  }
}
