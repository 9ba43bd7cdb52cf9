// The normalization operators with statistics computed at run time, resolved to rows or to groups of channels.

internal import Kernels

/// LayerNormalization, RMSNormalization, InstanceNormalization, GroupNormalization and MeanVarianceNormalization: groups of
/// elements brought to mean 0 and variance 1, then scaled and shifted. Operands: x, scale?, shift?, the last two constants.
package struct Normalization: Operator {
  package enum Kind: Sendable {
    /// Over `axis` and all after it; scale and shift broadcast to those.
    case layer(axis: Int)
    case rootMeanSquare(axis: Int)
    /// Over height and width (all axes from the third on), with a scale and shift per channel.
    case instance
    /// Over the channels of each of `groups` and all axes after; scale and shift per channel, or per group in opset 18.
    case group(groups: Int)
    /// Over `axes`, without scale and shift.
    case meanVariance(axes: [Int])
  }

  let name: String
  let kind: Kind
  let epsilon: Float

  package init(_ name: String, _ kind: Kind, epsilon: Float) {
    self.name = name
    self.kind = kind
    self.epsilon = epsilon
  }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 3)
    let input = try operands.activation(0)
    let (scale, shift) = (try operands.optionalConstant(1), try operands.optionalConstant(2))
    switch kind {
    case .layer(let axis), .rootMeanSquare(let axis):
      let axis = try input.axis(axis)
      if input.isBatched && axis == 0 { throw .dynamicShape }
      let normalized = Array(input.dimensions[axis...])
      let size = normalized.reduce(1, *)
      var rows = RowNormalization.standard(epsilon: epsilon)
      if case .rootMeanSquare = kind { rows = .rootMeanSquare(epsilon: epsilon) }
      let computation = NormalizedRows(
        name: name, rows: rows, size: size, scale: try stretched(scale, normalized, or: 1),
        shift: try stretched(shift, normalized, or: 0))
      return operands.computed(computation, reads: [0], shapes: [input])
    case .instance:
      guard input.rank >= 3 else { throw .rank(input.rank) }
      return try groups(operands, input, groups: input.dimensions[1], scale, shift)
    case .group(let count):
      guard input.rank >= 3 else { throw .rank(input.rank) }
      return try groups(operands, input, groups: count, scale, shift)
    case .meanVariance(let stated):
      guard input.rank >= 3 else { throw .rank(input.rank) }
      var axes = Set<Int>()
      for axis in stated { axes.insert(try input.axis(axis)) }
      if input.isBatched && axes.contains(0) { throw .dynamicShape }
      let spatial = Set(2..<input.rank)
      // The statistics run over axes that follow one another.
      if axes == spatial { return try groups(operands, input, groups: input.dimensions[1], nil, nil) }
      if axes == spatial.union([1]) { return try groups(operands, input, groups: 1, nil, nil) }
      if axes == spatial.union([0]) && input.dimensions[0] == 1 {
        return try groups(operands, input, groups: input.dimensions[1], nil, nil)
      }
      throw .unsupported("axes \(stated)")
    }
  }

  private func stretched(_ tensor: Tensor?, _ dimensions: [Int], or value: Float) throws(GraphError) -> [Float] {
    guard let tensor else { return Array(repeating: value, count: dimensions.reduce(1, *)) }
    let shape = try broadcast(try tensor.shape, try Shape(dimensions))
    guard shape.dimensions == dimensions else { throw .shapes([try tensor.shape, shape]) }
    return StridedView(broadcasting: tensor.dimensions, to: dimensions).gather(try tensor.floats)
  }

  private func groups(
    _ operands: Operands, _ input: Shape, groups: Int, _ scale: Tensor?, _ shift: Tensor?
  ) throws(GraphError) -> Resolution {
    let channels = input.dimensions[1]
    guard groups > 0, channels % groups == 0 else { throw .attribute("num_groups") }
    func perChannel(_ tensor: Tensor?, or value: Float) throws(GraphError) -> [Float] {
      guard let tensor else { return Array(repeating: value, count: channels) }
      let values = try tensor.floats
      if values.count == channels { return values }
      guard values.count == groups else { throw .shapes([input, try tensor.shape]) }
      return values.flatMap { Array(repeating: $0, count: channels / groups) }
    }
    let computation = NormalizedGroups(
      name: name, epsilon: epsilon, groups: groups, scale: try perChannel(scale, or: 1),
      shift: try perChannel(shift, or: 0))
    return operands.computed(computation, reads: [0], shapes: [input])
  }
}
