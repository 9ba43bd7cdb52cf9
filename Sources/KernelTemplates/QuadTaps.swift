// Depthwise convolution of bytes by instructions that add four products a lane: four taps of a channel at a time.

#if arch(arm64)
  public import CInstructionSets

  /// Arm's two formats differ in their product alone.
  extension ByteTapFormat where Sums == SIMD4<Int32> {
    @inline(__always) @inlinable public static func weights(_ start: UnsafeRawPointer) -> Sums {
      start.loadUnaligned(as: Sums.self)
    }
    @inline(__always) @inlinable public static func firstBytes(_ a: Sums, _ b: Sums) -> Sums { isa_first_bytes_4(a, b) }
    @inline(__always) @inlinable public static func lastBytes(_ a: Sums, _ b: Sums) -> Sums { isa_last_bytes_4(a, b) }
    @inline(__always) @inlinable public static func firstPairs(_ a: Sums, _ b: Sums) -> Sums { isa_first_pairs_4(a, b) }
    @inline(__always) @inlinable public static func lastPairs(_ a: Sums, _ b: Sums) -> Sums { isa_last_pairs_4(a, b) }
  }
#endif

/// A format whose instructions multiply four bytes a lane. Weights: (groups, 4 vectors, width lanes, 4 taps).
public protocol QuadTapFormat: ByteTapFormat {
  /// The bytes of one tap, less an offset where the products are of signed bytes.
  static func bytes(_ tap: UnsafePointer<UInt8>) -> Sums
  /// sums + Σ of four products a lane.
  static func adding(_ sums: Sums, _ bytes: Sums, times weights: Sums) -> Sums
}

extension QuadTapFormat {
  @inline(__always) @inlinable public static func bytes(_ tap: UnsafePointer<UInt8>) -> Sums { weights(tap) }
  @inline(__always) @inlinable public static var tapLayout: ByteTapLayout { .quads }
  @inline(__always) @inlinable
  public static func addTaps(
    _ sums: inout TapSums<Sums>, _ taps: UnsafePointer<UnsafePointer<UInt8>>, offset: Int, groups: Int,
    weights: UnsafeRawPointer
  ) {
    let vectorBytes = 4 &* Floats.width
    var (taps, w) = (taps, weights)
    for _ in 0..<groups {
      let a = bytes(taps[0] + offset)
      let b = bytes(taps[1] + offset)
      let c = bytes(taps[2] + offset)
      let d = bytes(taps[3] + offset)
      let (firstAB, lastAB) = (firstBytes(a, b), lastBytes(a, b))
      let (firstCD, lastCD) = (firstBytes(c, d), lastBytes(c, d))
      sums.s0 = adding(sums.s0, firstPairs(firstAB, firstCD), times: self.weights(w))
      sums.s1 = adding(sums.s1, lastPairs(firstAB, firstCD), times: self.weights(w + vectorBytes))
      sums.s2 = adding(sums.s2, firstPairs(lastAB, lastCD), times: self.weights(w + 2 &* vectorBytes))
      sums.s3 = adding(sums.s3, lastPairs(lastAB, lastCD), times: self.weights(w + 3 &* vectorBytes))
      taps += 4
      w += 4 &* vectorBytes
    }
  }
}
