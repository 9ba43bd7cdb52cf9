// The weights of one resampled axis, to the bit what Pillow computes (libImaging/Resample.c, precompute_coeffs).

/// For each output position, which input positions it is made of and with which weights.
struct AxisWeights: Equatable, Sendable {
  /// Fraction bits of a weight: 8 bits are for the pixel, 2 for filters that overshoot.
  static let fractionBits = 32 - 8 - 2

  /// The taps of one output position: `count` input positions from `start` on.
  struct Taps: Equatable, Sendable {
    /// The first input position.
    var start: Int
    /// How many input positions; their weights are `weights[firstWeight..<firstWeight + count]`.
    var count: Int
    var firstWeight: Int
  }

  private(set) var taps: [Taps] = []
  /// Fixed-point numbers with `fractionBits` fraction bits; those of one output position add up to about 1.
  private(set) var weights: [Int32] = []

  /// The input positions that any output position needs.
  var inputRange: Range<Int> {
    let first = taps.map(\.start).min() ?? 0
    return first..<(taps.map { $0.start + $0.count }.max() ?? first)
  }

  /// - Parameters:
  ///   - inputSize: 1…65535, the length of the axis.
  ///   - outputSize: the length it is resized to, at least 1.
  ///   - kept: the output positions that are wanted, within `0..<outputSize`.
  ///   - filter: any but `nearest`.
  ///   - mirrored: whether the input lies in memory from its far end, so that positions and weights run backwards.
  init(inputSize: Int, outputSize: Int, kept: Range<Int>, filter: ResampleFilter, mirrored: Bool = false) {
    let scale = Double(inputSize) / Double(outputSize)
    let filterScale = max(scale, 1)
    let support = filter.support * filterScale
    let inverse = 1 / filterScale
    taps.reserveCapacity(kept.count)
    weights.reserveCapacity(kept.count * (2 * Int(support.rounded(.up)) + 1))
    var exact: [Double] = []
    for position in kept {
      let center = (Double(position) + 0.5) * scale
      let first = max(0, Int(center - support + 0.5))
      let end = min(inputSize, Int(center + support + 0.5))
      exact.removeAll(keepingCapacity: true)
      var sum = 0.0
      for input in first..<max(first, end) {
        let weight = filter.weight(at: (Double(input) - center + 0.5) * inverse)
        exact.append(weight)
        sum += weight
      }
      if sum != 0 { for index in exact.indices { exact[index] /= sum } }
      if mirrored { exact.reverse() }
      let start = mirrored ? inputSize - first - exact.count : first
      taps.append(Taps(start: start, count: exact.count, firstWeight: weights.count))
      weights.append(contentsOf: exact.lazy.map(Self.fixedPoint))
    }
  }

  /// The same weights over an input that begins elsewhere.
  func shifted(by offset: Int) -> AxisWeights {
    var result = self
    for index in taps.indices { result.taps[index].start += offset }
    return result
  }

  /// Rounds half away from zero.
  static func fixedPoint(_ weight: Double) -> Int32 {
    let scaled = weight * Double(1 << fractionBits)
    return Int32(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
  }
}
