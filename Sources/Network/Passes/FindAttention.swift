// Pattern matching of scaled dot-product attention.

internal import Kernels

/// softmax(factor · Q · Kᵀ + biases) · V, with views between them, becomes one `Attention`.
extension Graph {
  mutating func findAttention() {
    let uses = Uses(self)
    var removed = Set<Int>()
    for index in nodes.indices {
      guard let product = nodes[index].computation as? MatrixProduct, product.isPlainRight,
        case let weights = nodes[index].inputs[0], let writer = uses.writer(of: weights),
        uses.onlyReader(of: weights) == index,
        let softmax = nodes[writer].computation as? Softmax, !softmax.isLogarithm,
        softmax.axis == shape(weights).rank - 1,
        let scores = scores(nodes[writer].inputs[0], reader: writer, uses),
        let first = nodes[scores.product].computation as? MatrixProduct
      else { continue }
      let (result, matrix) = (shape(nodes[index].outputs[0]), shape(nodes[scores.product].outputs[0]))
      let leading = Array(matrix.dimensions.dropLast(2))
      let resultLeading = Array(result.dimensions.dropLast(2))
      guard leading.reduce(1, *) == resultLeading.reduce(1, *), result.isBatched == matrix.isBatched,
        let keys = shape(weights).dimensions.last
      else { continue }
      nodes[index].computation = Attention(
        factor: first.factor * scores.factor, transposesQueries: first.transposesA, transposesKeys: !first.transposesB,
        transposesValues: product.transposesB, leading: leading, resultLeading: resultLeading, keys: keys,
        biasDimensions: scores.biases.map(\.dimensions))
      nodes[index].inputs =
        nodes[scores.product].inputs + [nodes[index].inputs[1]] + scores.biases.map(\.value)
      removed.formUnion(scores.nodes + [writer, scores.product])
    }
    removeNodes(removed)
  }

  /// What a softmax's operand is computed from.
  private struct Scores {
    var product: Int
    var factor: Float = 1
    /// What is added, and the dimensions that it is stretched to.
    var biases: [(value: ValueID, dimensions: [Int])] = []
    /// The nodes between the product and the softmax.
    var nodes: [Int] = []
  }

  /// nil where `value` is something else, is read elsewhere too, or has no product within `steps` nodes.
  private func scores(_ value: ValueID, reader: Int, _ uses: Uses, steps: Int = 32) -> Scores? {
    guard steps > 0, uses.onlyReader(of: value) == reader, let writer = uses.writer(of: value) else { return nil }
    let node = nodes[writer]
    if let product = node.computation as? MatrixProduct {
      return product.hasVectors ? nil : Scores(product: writer)
    }
    if node.computation is View, shape(value).rank >= 2,
      shape(node.inputs[0]).dimensions.suffix(2) == shape(value).dimensions.suffix(2),
      shape(node.inputs[0]).isBatched == shape(value).isBatched
    {
      var scores = scores(node.inputs[0], reader: writer, uses, steps: steps - 1)
      scores?.nodes.append(writer)
      return scores
    }
    if let (source, factor, shift) = affine(node), shift == 0 {
      // Were a bias added before, it would have to be multiplied too.
      guard var scores = scores(source, reader: writer, uses, steps: steps - 1), scores.biases.isEmpty else {
        return nil
      }
      scores.factor *= factor
      scores.nodes.append(writer)
      return scores
    }
    guard let sum = node.computation as? Arithmetic, sum.kind == .add, sum.activation == .none else { return nil }
    for (source, bias) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
      guard shape(source) == shape(value), shape(bias).dimensions.last == shape(value).dimensions.last,
        var scores = scores(source, reader: writer, uses, steps: steps - 1), scores.biases.count < 2
      else { continue }
      scores.biases.append((bias, shape(value).dimensions))
      scores.nodes.append(writer)
      return scores
    }
    return nil
  }
}
