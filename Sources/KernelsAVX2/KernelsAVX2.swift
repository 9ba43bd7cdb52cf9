// The kernels for AVX2 and FMA: 12 accumulators, two vectors of B and one of A fill the 16 registers.

internal import CInstructionSets
public import KernelTemplates

public let avx2Kernels = KernelTable(SIMD8<Float>.self)
public let avx2ByteKernels = ByteKernelTable(AVX2Bytes.self, panels: .mixed)
public let avx2TapRow: @Sendable (ByteTapRow, ByteTapWeights) -> Void = { byteTapRow(AVX2Bytes.self, $0, $1) }
public let avx2ByteWinograd = ByteWinogradTable(AVX2Words.self)

enum AVX2Bytes: MixedByteFormat, PairTapFormat {
  typealias Sums = SIMD8<Int32>
  typealias Floats = SIMD8<Float>
  @inline(__always) static var tileRows: Int { 6 }
  @inline(__always) static func adding(_ sums: Sums, _ factor: Sums, times weights: Sums) -> Sums {
    isa_dot_safe_8(sums, factor, weights)
  }
  @inline(__always) static func adding(_ sums: Sums, pairs: Sums, times weights: Sums) -> Sums {
    isa_dot_pairs_8(sums, pairs, weights)
  }
  @inline(__always) static func firstPair(_ factor: Sums) -> Sums { isa_first_pair_8(factor) }
  @inline(__always) static func lastPair(_ factor: Sums) -> Sums { isa_last_pair_8(factor) }
  @inline(__always) static func adding(_ sums: Sums, bytes: Sums, times weights: Sums) -> Sums {
    isa_adding_bytes_8(sums, bytes, weights)
  }
  @inline(__always) static func firstBytes(_ a: Sums, _ b: Sums) -> Sums { isa_first_bytes_8(a, b) }
  @inline(__always) static func lastBytes(_ a: Sums, _ b: Sums) -> Sums { isa_last_bytes_8(a, b) }
  @inline(__always) static func firstPairs(_ a: Sums, _ b: Sums) -> Sums { isa_first_pairs_8(a, b) }
  @inline(__always) static func lastPairs(_ a: Sums, _ b: Sums) -> Sums { isa_last_pairs_8(a, b) }
}

enum AVX2Words: WordFormat {
  typealias Sums = SIMD8<Int32>
  typealias Words = SIMD16<Int16>
  typealias Floats = SIMD8<Float>
  @inline(__always) static var tileRows: Int { 6 }
  @inline(__always) static func adding(_ sums: Sums, _ factor: Sums, times weights: Sums) -> Sums {
    isa_dot_pairs_8(sums, factor, weights)
  }
}
