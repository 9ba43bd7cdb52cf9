// The arithmetic of resampling in portable 128-bit SIMD: sums of 8-bit pixels times 22-bit weights, exact to the bit.
//
// The one multiplication that every processor does fast and exactly is of 16-bit pairs (x86 pmaddwd, Arm smlal), so a
// weight w is split in two: w = high · 2¹⁵ + low, 0 ≤ low < 2¹⁵. Sums are kept modulo 2³², as Pillow's are.

/// Two taps' weights for each of four lanes, the first tap's in the lower half of its lane.
struct WeightPairs: Equatable, Sendable {
  private(set) var low = SIMD4<UInt32>()
  private(set) var high = SIMD4<UInt32>()

  /// - Parameters:
  ///   - first: the weights of the taps whose pixels come first, one a lane.
  ///   - second: those of the second taps.
  init(_ first: SIMD4<Int32>, _ second: SIMD4<Int32>) {
    low = Self.pack(first & 0x7FFF, second & 0x7FFF)
    high = Self.pack(first &>> 15, second &>> 15)
  }

  private static func pack(_ first: SIMD4<Int32>, _ second: SIMD4<Int32>) -> SIMD4<UInt32> {
    SIMD4<UInt32>(truncatingIfNeeded: first) & 0xFFFF | SIMD4<UInt32>(truncatingIfNeeded: second) &<< 16
  }
}

/// The weighted sums of four pixels at a time, red, green and blue apart, one lane a pixel.
struct PixelSums {
  private var red = ChannelSum()
  private var green = ChannelSum()
  private var blue = ChannelSum()

  /// Adds four pixels times their first taps' weights, and four others times their second taps'.
  @inline(__always)
  mutating func add(_ first: SIMD4<UInt32>, _ second: SIMD4<UInt32>, _ weights: WeightPairs) {
    red.add(first & 0xFF | (second & 0xFF) &<< 16, weights)
    green.add((first &>> 8) & 0xFF | (second &<< 8) & 0xFF_0000, weights)
    blue.add((first &>> 16) & 0xFF | second & 0xFF_0000, weights)
  }

  /// Four pixels, one from each lane.
  @inline(__always)
  var pixels: SIMD4<UInt32> {
    Self.byte(red.total) | Self.byte(green.total) &<< 8 | Self.byte(blue.total) &<< 16
  }

  /// One pixel from the lanes' sum.
  @inline(__always)
  var pixel: UInt32 {
    let (r, g, b) = (red.total, green.total, blue.total)
    let sums = SIMD4<Int32>(r.wrappedSum(), g.wrappedSum(), b.wrappedSum(), 0)
    let bytes = Self.byte(sums)
    return bytes[0] | bytes[1] &<< 8 | bytes[2] &<< 16
  }

  /// Rounds off the fraction bits and clips to 0…255.
  @inline(__always)
  private static func byte(_ sum: SIMD4<Int32>) -> SIMD4<UInt32> {
    let rounded = (sum &+ (1 &<< Int32(AxisWeights.fractionBits - 1))) &>> Int32(AxisWeights.fractionBits)
    return SIMD4<UInt32>(truncatingIfNeeded: rounded.clamped(lowerBound: SIMD4(), upperBound: SIMD4(repeating: 255)))
  }
}

/// One channel's sums in two parts.
private struct ChannelSum {
  private var low = SIMD4<Int32>()
  private var high = SIMD4<Int32>()

  @inline(__always)
  mutating func add(_ samples: SIMD4<UInt32>, _ weights: WeightPairs) {
    low &+= Self.multiplyPairs(samples, weights.low)
    high &+= Self.multiplyPairs(samples, weights.high)
  }

  @inline(__always)
  var total: SIMD4<Int32> { low &+ high &<< 15 }

  /// In each lane, the sum of the two products of signed 16-bit halves.
  @inline(__always)
  private static func multiplyPairs(_ a: SIMD4<UInt32>, _ b: SIMD4<UInt32>) -> SIMD4<Int32> {
    let a = unsafe unsafeBitCast(a, to: SIMD8<Int16>.self)
    let b = unsafe unsafeBitCast(b, to: SIMD8<Int16>.self)
    let products = SIMD8<Int32>(truncatingIfNeeded: a) &* SIMD8<Int32>(truncatingIfNeeded: b)
    return products.evenHalf &+ products.oddHalf
  }
}
