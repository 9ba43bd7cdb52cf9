// Batch normalization (Ioffe and Szegedy, 2015), resolved to a scale and shift per channel.

/// BatchNormalization at inference: (x − mean) / √(variance + epsilon) · scale + bias, channel by channel.
/// Operands: x, scale, bias, mean, variance, the last four constants of (channels). In training mode the mean and variance are
/// those of x, which must be a constant then: that is how exporters write standardized weights.
package struct BatchNormalization: Operator {
  let name = "BatchNormalization"
  let epsilon: Float
  let isTraining: Bool

  package init(epsilon: Float, isTraining: Bool = false) {
    self.epsilon = epsilon
    self.isTraining = isTraining
  }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 5)
    let input = try operands.activation(0)
    guard input.rank >= 2 else { throw .rank(input.rank) }
    var parameters: [[Float]] = []
    for position in 1...4 {
      let parameter = try operands.constant(position)
      guard parameter.dimensions == [input.dimensions[1]] else { throw .shapes([input, try parameter.shape]) }
      parameters.append(try parameter.floats)
    }
    let (scale, bias) = (parameters[0], parameters[1])
    var (mean, variance) = (parameters[2], parameters[3])
    if isTraining {
      guard let constant = try operands.operand(0).constant else { throw .unsupported("training_mode 1") }
      (mean, variance) = Self.statistics(try constant.floats, input.dimensions)
    }
    let factors = scale.indices.map { scale[$0] / (variance[$0] + epsilon).squareRoot() }
    let shifts = scale.indices.map { bias[$0] - mean[$0] * factors[$0] }
    let result = ScaleShift(name: name, scale: factors, shift: shifts)
    return operands.computed(result, reads: [0], shapes: [input])
  }

  /// Per channel, over everything else.
  private static func statistics(_ values: [Float], _ dimensions: [Int]) -> (mean: [Float], variance: [Float]) {
    let (channels, inner) = (dimensions[1], dimensions[2...].reduce(1, *))
    let count = Double(values.count / channels)
    var sums = [Double](repeating: 0, count: channels)
    for (index, value) in values.enumerated() { sums[index / inner % channels] += Double(value) }
    let means = sums.map { $0 / count }
    var squares = [Double](repeating: 0, count: channels)
    for (index, value) in values.enumerated() {
      let channel = index / inner % channels
      squares[channel] += (Double(value) - means[channel]) * (Double(value) - means[channel])
    }
    return (means.map { Float($0) }, squares.map { Float($0 / count) })
  }
}
