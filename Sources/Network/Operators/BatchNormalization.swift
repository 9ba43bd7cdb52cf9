/// BatchNormalization at inference: (x − mean) / √(variance + epsilon) · scale + bias, channel by channel.
/// Operands: x, scale, bias, mean, variance, the last four constants of (channels).
public struct BatchNormalization: Operator {
  public let name = "BatchNormalization"
  public let epsilon: Float

  public init(epsilon: Float) { self.epsilon = epsilon }

  public func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 5)
    let input = try operands.activation(0)
    guard input.rank == 4 || input.rank == 2 else { throw .rank(input.rank) }
    var parameters: [[Float]] = []
    for position in 1...4 {
      let parameter = try operands.constant(position)
      guard parameter.dimensions == [input.dimensions[1]] else { throw .shapes([input, try parameter.shape]) }
      parameters.append(try parameter.floats)
    }
    let (scale, bias, mean, variance) = (parameters[0], parameters[1], parameters[2], parameters[3])
    let factors = scale.indices.map { scale[$0] / (variance[$0] + epsilon).squareRoot() }
    let shifts = scale.indices.map { bias[$0] - mean[$0] * factors[$0] }
    let result = ScaleShift(name: name, scale: factors, shift: shifts)
    return operands.computed(result, reads: [0], shapes: [input])
  }
}
