// The normalization of pixels that a network was trained with, as a table of each value's result.

/// The arithmetic on pixels 0…255, channel by channel: value · scale, − mean, ÷ standard deviation.
///
/// - Parameter Number: the precision of the parameters and of the arithmetic; results are rounded to Float once.
package struct PixelNormalization<Number: BinaryFloatingPoint & Sendable>: Equatable, Sendable {
  package var scale: Number
  /// One per channel, in the order of the tensor's channels.
  package var mean: [Number]
  package var standardDeviation: [Number]

  package init(
    scale: Number = 1 / 255, mean: [Number] = [0, 0, 0], standardDeviation: [Number] = [1, 1, 1]
  ) {
    self.scale = scale
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// What each of the 256 values becomes: (channels, 256).
  package var table: [Float] {
    mean.indices.flatMap { channel in
      (0..<256).map { Float((Number($0) * scale - mean[channel]) / standardDeviation[channel]) }
    }
  }
}

/// Finite numbers between commas: `0.485,0.456,0.406`; nil for anything else.
package func finiteNumbers<Number: BinaryFloatingPoint & LosslessStringConvertible>(_ text: String) -> [Number]? {
  let parts = text.split(separator: ",", omittingEmptySubsequences: false)
  let numbers = parts.compactMap { Number(String($0)) }
  return numbers.count == parts.count && numbers.allSatisfy(\.isFinite) ? numbers : nil
}
