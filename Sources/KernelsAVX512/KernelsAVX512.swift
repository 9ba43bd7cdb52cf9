// The kernels for AVX-512: 24 accumulators of the 32 registers.

internal import CInstructionSets
public import KernelTemplates

public let avx512Kernels = KernelTable(SIMD16<Float>.self)
public let avx512ByteKernels = ByteKernelTable(AVX512Bytes.self, panels: .mixed)
public let avx512TapRow: @Sendable (ByteTapRow, ByteTapWeights) -> Void = { byteTapRow(AVX512Bytes.self, $0, $1) }
public let avx512ByteWinograd = ByteWinogradTable(AVX512Words.self)

enum AVX512Bytes: MixedByteFormat, PairTapFormat {
  typealias Sums = SIMD16<Int32>
  typealias Floats = SIMD16<Float>
  /// More would be spilled: the compiler widens the bytes of all rows before it multiplies any.
  @inline(__always) static var tileRows: Int { 8 }
  @inline(__always) static func adding(_ sums: Sums, _ factor: Sums, times weights: Sums) -> Sums {
    isa_dot_safe_16(sums, factor, weights)
  }
  @inline(__always) static func adding(_ sums: Sums, pairs: Sums, times weights: Sums) -> Sums {
    isa_dot_pairs_16(sums, pairs, weights)
  }
  @inline(__always) static func firstPair(_ factor: Sums) -> Sums { isa_first_pair_16(factor) }
  @inline(__always) static func lastPair(_ factor: Sums) -> Sums { isa_last_pair_16(factor) }
  @inline(__always) static func adding(_ sums: Sums, bytes: Sums, times weights: Sums) -> Sums {
    isa_adding_bytes_16(sums, bytes, weights)
  }
  @inline(__always) static func firstBytes(_ a: Sums, _ b: Sums) -> Sums { isa_first_bytes_16(a, b) }
  @inline(__always) static func lastBytes(_ a: Sums, _ b: Sums) -> Sums { isa_last_bytes_16(a, b) }
  @inline(__always) static func firstPairs(_ a: Sums, _ b: Sums) -> Sums { isa_first_pairs_16(a, b) }
  @inline(__always) static func lastPairs(_ a: Sums, _ b: Sums) -> Sums { isa_last_pairs_16(a, b) }
}

enum AVX512Words: WordFormat {
  typealias Sums = SIMD16<Int32>
  typealias Words = SIMD32<Int16>
  typealias Floats = SIMD16<Float>
  @inline(__always) static var tileRows: Int { 12 }
  @inline(__always) static func adding(_ sums: Sums, _ factor: Sums, times weights: Sums) -> Sums {
    isa_dot_pairs_16(sums, factor, weights)
  }
}
