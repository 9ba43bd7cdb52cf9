// Depthwise convolution of bytes by instructions that add two products in 16 bits: two taps of a channel at a time, each weight split in
// 16 · high + low, so that the sums of 16 taps stay within 16 bits: 16 · 255 · 8 < 2¹⁵.

/// A format whose instructions multiply two bytes for each 16 bits. Weights: (groups, first and last half of every 16 channels, low and high,
/// 4 · `Floats.width` bytes), low in −8…7, high in −8…8.
public protocol PairTapFormat: ByteTapFormat {
  /// Twice `Floats.width` sums of 16 bits, each plus two products of bytes.
  static func adding(_ sums: Sums, bytes: Sums, times weights: Sums) -> Sums
  /// sums + two products of 16 bits a lane.
  static func adding(_ sums: Sums, pairs: Sums, times weights: Sums) -> Sums
}

extension PairTapFormat {
  @inline(__always) @inlinable public static var tapLayout: ByteTapLayout { .pairs }
  @inline(__always) @inlinable
  public static func addTaps(
    _ sums: inout TapSums<Sums>, _ taps: UnsafePointer<UnsafePointer<UInt8>>, offset: Int, groups: Int,
    weights: UnsafeRawPointer
  ) {
    let vectorBytes = 4 &* Floats.width
    let units = Sums(repeating: 16 << 16 | 1)
    var (taps, w) = (taps, weights)
    var left = groups
    while left > 0 {
      var firstLow = Sums()
      var firstHigh = firstLow
      var lastLow = firstLow
      var lastHigh = firstLow
      for _ in 0..<min(8, left) {
        let a = self.weights(taps[0] + offset)
        let b = self.weights(taps[1] + offset)
        let (first, last) = (firstBytes(a, b), lastBytes(a, b))
        firstLow = adding(firstLow, bytes: first, times: self.weights(w))
        firstHigh = adding(firstHigh, bytes: first, times: self.weights(w + vectorBytes))
        lastLow = adding(lastLow, bytes: last, times: self.weights(w + 2 &* vectorBytes))
        lastHigh = adding(lastHigh, bytes: last, times: self.weights(w + 3 &* vectorBytes))
        taps += 2
        w += 4 &* vectorBytes
      }
      sums.s0 = adding(sums.s0, pairs: firstPairs(firstLow, firstHigh), times: units)
      sums.s1 = adding(sums.s1, pairs: lastPairs(firstLow, firstHigh), times: units)
      sums.s2 = adding(sums.s2, pairs: firstPairs(lastLow, lastHigh), times: units)
      sums.s3 = adding(sums.s3, pairs: lastPairs(lastLow, lastHigh), times: units)
      left &-= 8
    }
  }
}
