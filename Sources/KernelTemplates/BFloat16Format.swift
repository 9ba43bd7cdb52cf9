// The product of bfloat16 matrices: two multiply-adds a lane and step, summed in float32.

/// A product of bfloat16 matrices, given by their bit patterns.
public typealias BFloat16Block = GemmBlock<UInt16, FloatEpilogue>

/// bfloat16 rows and weights, float32 sums. A step adds two products to each lane, the second element's first, each sum rounded to
/// float32: what AVX-512's `vdpbf16ps` computes.
public protocol BFloat16Format: FloatSumFormat where Element == UInt16 {}

extension BFloat16Format {
  @inline(__always) @inlinable public static var depthGroup: Int { 2 }
}

/// For any 64-bit processor: the sums of `vdpbf16ps`, but that it makes subnormal ones 0.
public enum PortableBFloat16: BFloat16Format {
  /// The two elements of a row, repeated for every column.
  public struct Factor {
    @usableFromInline var first: SIMD4<Float>
    @usableFromInline var second: SIMD4<Float>

    @inline(__always) @inlinable init(_ row: UnsafePointer<UInt16>) {
      first = SIMD4(repeating: Float(bitPattern: UInt32(row[0]) << 16))
      second = SIMD4(repeating: Float(bitPattern: UInt32(row[1]) << 16))
    }
  }

  @inline(__always) @inlinable public static var tileRows: Int { 4 }
  @inline(__always) @inlinable public static func factor(_ row: UnsafePointer<UInt16>) -> Factor { Factor(row) }
  @inline(__always) @inlinable public static func weights(_ panel: UnsafeRawPointer) -> SIMD4<UInt32> {
    panel.loadUnaligned(as: SIMD4<UInt32>.self)
  }
  @inline(__always) @inlinable
  public static func adding(_ sums: SIMD4<Float>, _ factor: Factor, times weights: SIMD4<UInt32>) -> SIMD4<Float> {
    let first = unsafeBitCast(weights &<< 16, to: SIMD4<Float>.self)
    let second = unsafeBitCast(weights & 0xFFFF_0000, to: SIMD4<Float>.self)
    return sums + factor.second * second + factor.first * first
  }
}

/// The bits of the nearest bfloat16, halves to even; subnormal values become 0 and NaN a quiet NaN, as by AVX-512's `vcvtneps2bf16`.
@inline(__always) @inlinable public func bfloat16Bits(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  let magnitude = bits & 0x7FFF_FFFF
  let rounded = bits &+ 0x7FFF &+ (bits >> 16 & 1)
  let kept = magnitude > 0x7F80_0000 ? bits | 0x40_0000 : magnitude < 0x80_0000 ? bits & 0x8000_0000 : rounded
  return UInt16(truncatingIfNeeded: kept >> 16)
}

/// output[i] = `bfloat16Bits(input[i])`
@inline(__always) @inlinable
public func bfloat16Run(_ count: Int, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<UInt16>) {
  for index in 0..<count { output[index] = bfloat16Bits(input[index]) }
}
