// What an output's numbers are, as far as the graph shows: a second softmax over probabilities would be silently wrong.

/// Whether an output's numbers are probabilities. The text names the operators that decide it: "Softmax, Mul".
package enum OutputMeaning: Equatable, Sendable {
  /// From a softmax, or each by itself from a sigmoid.
  case probabilities(String)
  case logProbabilities(String)
  /// Anything else: logits.
  case values
}

extension Graph {
  /// Operators that make probabilities.
  private static let activations: Set = ["Softmax", "Sigmoid", "HardSigmoid", "QLinearSoftmax", "QLinearSigmoid"]

  /// Operators after which probabilities are probabilities still: views, selections, conversions, averages, limits, scales.
  private static let transparent: Set = [
    "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout", "Cast", "Transpose", "Slice", "Gather",
    "Split",
    "Concat", "Clip", "Mul", "Div", "Add", "Sub", "Sum", "Mean", "ReduceMean", "Min", "Max", "Expand", "Pad",
    "Subsample",
    "QuantizeLinear", "DequantizeLinear", "Layout", "Where",
  ]

  /// Follows output `index` of a resolved graph back to the operator that gives its numbers their meaning.
  package func meaning(ofOutput index: Int) -> OutputMeaning {
    var known: [MeaningPosition: OutputMeaning] = [:]
    return meaning(of: MeaningPosition(value: outputs[index], steps: 32), Uses(self), &known) ?? .values
  }

  /// A value, and how many nodes may be followed from there. What follows a classifier's activation is short.
  private struct MeaningPosition: Hashable {
    let value: ValueID
    let steps: Int
  }

  /// nil for a constant, which says nothing.
  ///
  /// - Parameter known: what has been found so far, so that a graph of many diamonds is not walked along each of its paths.
  private func meaning(
    of position: MeaningPosition, _ uses: Uses, _ known: inout [MeaningPosition: OutputMeaning]
  ) -> OutputMeaning? {
    if self[position.value].constant != nil { return nil }
    if let meaning = known[position] { return meaning }
    let meaning = computedMeaning(of: position, uses, &known)
    known[position] = meaning
    return meaning
  }

  /// The meaning of a value that is not a constant.
  private func computedMeaning(
    of position: MeaningPosition, _ uses: Uses, _ known: inout [MeaningPosition: OutputMeaning]
  ) -> OutputMeaning {
    guard position.steps > 0, let writer = uses.writer(of: position.value) else { return .values }
    let node = nodes[writer]
    let name = node.computation.name
    if name == "LogSoftmax" { return .logProbabilities(name) }
    if Self.activations.contains(name) { return .probabilities(name) }
    if isNormalized(node, uses) { return .probabilities("a division by the sum") }
    guard Self.transparent.contains(name) else { return .values }
    // Every operand that is computed has to agree: x · sigmoid(x) is not a probability.
    let inputs = Set(node.inputs)
    let meanings = inputs.compactMap {
      meaning(of: MeaningPosition(value: $0, steps: position.steps - 1), uses, &known)
    }
    var origins = Set<String>()
    for meaning in meanings {
      guard case .probabilities(let origin) = meaning else {
        return meanings.count == 1 && keepsLogarithms(name) ? meaning : .values
      }
      origins.insert(origin)
    }
    guard let origin = origins.min() else { return .values }
    return .probabilities(Self.views.contains(name) ? origin : "\(origin), \(name)")
  }

  private static let views: Set = [
    "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout", "Cast", "Layout",
  ]

  private func keepsLogarithms(_ name: String) -> Bool { Self.views.contains(name) || name == "Transpose" }

  /// x / ReduceSum(x): a softmax written out, or counts made shares.
  private func isNormalized(_ node: Node, _ uses: Uses) -> Bool {
    guard node.computation.name == "Div", node.inputs.count == 2,
      let writer = uses.writer(of: node.inputs[1]), nodes[writer].computation.name == "ReduceSum"
    else { return false }
    return nodes[writer].inputs.first == node.inputs[0]
  }

  /// Removes all outputs but `index`; nodes that only the others need are no longer computed.
  package mutating func keepOutput(_ index: Int) { outputs = [outputs[index]] }
}
