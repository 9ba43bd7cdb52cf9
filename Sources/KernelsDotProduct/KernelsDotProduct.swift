// Products of bytes with Arm's dot product instructions (Armv8.2: Neoverse N1, Graviton 2 and later): four products a lane and
// instruction. All else over bytes is the portable kernels'.

internal import CInstructionSets
public import KernelTemplates

/// `ByteKernelTable.gemm` over panels of groups, 8 columns wide.
public let dotProductGemm: @Sendable (UnsafePointer<ByteBlock>) -> Void = { gemm(DotProductBytes.self, $0) }
public let dotProductTileRows = 12
public let dotProductTapRow: @Sendable (ByteTapRow, ByteTapWeights) -> Void = {
  byteTapRow(DotProductTaps.self, $0, $1)
}
/// `sdot` multiplies signed bytes: what is subtracted from every byte of the input.
public let dotProductRowOffset: Int32 = 128

enum DotProductBytes: ByteFormat {
  typealias Floats = SIMD4<Float>
  @inline(__always) static var tileRows: Int { 12 }  // dotProductTileRows
  @inline(__always) static func factor(_ row: UnsafePointer<UInt8>) -> SIMD2<Int32> { isa_signed_bytes_lane(row) }
  @inline(__always) static func weights(_ panel: UnsafeRawPointer) -> SIMD4<Int32> {
    panel.loadUnaligned(as: SIMD4<Int32>.self)
  }
  @inline(__always)
  static func adding(_ sums: SIMD4<Int32>, _ factor: SIMD2<Int32>, times weights: SIMD4<Int32>) -> SIMD4<Int32> {
    isa_dot_signed_4(sums, factor, weights)
  }
}

enum DotProductTaps: QuadTapFormat {
  typealias Sums = SIMD4<Int32>
  typealias Floats = SIMD4<Float>
  @inline(__always) static func bytes(_ tap: UnsafePointer<UInt8>) -> SIMD4<Int32> {
    weights(tap) ^ SIMD4(repeating: Int32(bitPattern: 0x8080_8080))
  }
  @inline(__always)
  static func adding(_ sums: SIMD4<Int32>, _ bytes: SIMD4<Int32>, times weights: SIMD4<Int32>) -> SIMD4<Int32> {
    isa_dot_signed_vectors_4(sums, bytes, weights)
  }
}
