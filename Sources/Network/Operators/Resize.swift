// Image resizing: output sizes and the sampling options of ONNX, resolved to `Resampling`.

internal import Elements

/// Resize and Upsample: a tensor sampled at other positions, axis by axis. Operands: x, region of interest?, scales?, sizes?,
/// all but the first constants.
package struct Resize: Operator {
  package enum Mode: String, Sendable { case nearest, linear, cubic }

  /// Which position of the input an output position is taken from.
  package enum Coordinates: String, Sendable {
    case halfPixel = "half_pixel"
    case symmetricHalfPixel = "half_pixel_symmetric"
    /// As half_pixel, but position 0 where the result has one element.
    case pytorchHalfPixel = "pytorch_half_pixel"
    case alignCorners = "align_corners"
    case asymmetric
  }

  package enum Rounding: String, Sendable {
    case preferFloor = "round_prefer_floor"
    case preferCeiling = "round_prefer_ceil"
    case floor
    case ceiling = "ceil"
  }

  package var mode = Mode.nearest
  package var coordinates = Coordinates.halfPixel
  package var rounding = Rounding.preferFloor
  /// Widens the filter when the result is smaller.
  package var antialiases = false
  /// Of the cubic filter.
  package var cubicCoefficient: Float = -0.75
  /// Leaves positions outside out of the sum.
  package var excludesOutside = false
  /// The axes that scales and sizes are for; nil: all.
  package var axes: [Int]?
  /// not_larger and not_smaller keep the ratio of the axes.
  package var keepsRatio: RatioPolicy = .stretch
  /// Where the scales are: operand 1 in Upsample and opset 10, operand 2 later.
  package var scalesOperand = 2

  package enum RatioPolicy: String, Sendable {
    case stretch
    case notLarger = "not_larger"
    case notSmaller = "not_smaller"
  }

  package init() {}

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: scalesOperand + 2)
    let input = try operands.activation(0)
    var axes: [Int] = []
    for axis in self.axes ?? Array(0..<input.rank) { axes.append(try input.axis(axis)) }
    let (scales, sizes) = try geometry(operands, input, axes)
    var (dimensions, taps) = (input.dimensions, [Taps?](repeating: nil, count: input.rank))
    for (index, axis) in axes.enumerated() {
      let (from, to) = (input.dimensions[axis], sizes[index])
      if axis == 0 && input.isBatched {
        guard from == to else { throw .dynamicShape }
        continue
      }
      guard to > 0, to <= Select.limit else { throw .overflow }
      if from == to && scales[index] == 1 { continue }
      dimensions[axis] = to
      taps[axis] = Taps(self, from: from, to: to, scale: scales[index])
    }
    if taps.allSatisfy({ $0 == nil }) { return .operand(0) }
    let shape = try input.with(dimensions)
    if mode == .nearest {
      // No arithmetic, so it is a selection.
      let positions = taps.map { $0.map { taps in taps.outputs.map { $0[0].position } } }
      return operands.computed(Select(name: "Resize", positions: positions), reads: [0], shapes: [shape])
    }
    return operands.computed(Resampling(taps: taps), reads: [0], shapes: [shape])
  }

  private func geometry(
    _ operands: Operands, _ input: Shape, _ axes: [Int]
  ) throws(GraphError) -> (scales: [Float], sizes: [Int]) {
    if let stated = try operands.optionalConstant(scalesOperand), stated.count > 0 {
      let scales = try stated.floats
      guard scales.count == axes.count, scales.allSatisfy({ $0 > 0 && $0 <= 1024 }) else { throw .attribute("scales") }
      return (scales, scales.indices.map { Int((Float(input.dimensions[axes[$0]]) * scales[$0]).rounded(.down)) })
    }
    let stated = try operands.constant(scalesOperand + 1)
    let extents = try stated.extents
    guard extents.count == axes.count else { throw .attribute("sizes") }
    var sizes: [Int] = []
    for (axis, extent) in zip(axes, extents) {
      if extent.isBatched {
        guard axis == 0, input.isBatched, extent.count == input.dimensions[0] else { throw .dynamicShape }
      } else {
        guard extent.count > 0, extent.count <= Select.limit else { throw .attribute("sizes") }
      }
      sizes.append(extent.count)
    }
    var scales = sizes.indices.map { Float(sizes[$0]) / Float(input.dimensions[axes[$0]]) }
    if keepsRatio != .stretch, let least = scales.min(), let most = scales.max() {
      let scale = keepsRatio == .notLarger ? least : most
      scales = scales.map { _ in scale }
      sizes = axes.map { Int((Float(input.dimensions[$0]) * scale).rounded()) }
    }
    return (scales, sizes)
  }
}
