// Products of bytes with Arm's mixed-sign dot product (i8mm, Armv8.6: Neoverse V1, Graviton 3 and later), which takes unsigned
// rows as they are. All else over bytes is the portable kernels'.

internal import CInstructionSets
public import KernelTemplates

/// `ByteKernelTable.gemm` over panels of groups, 8 columns wide.
public let int8MatrixGemm: @Sendable (UnsafePointer<ByteBlock>) -> Void = { gemm(Int8MatrixBytes.self, $0) }
public let int8MatrixTileRows = 12

enum Int8MatrixBytes: ByteFormat {
  typealias Floats = SIMD4<Float>
  @inline(__always) static var tileRows: Int { 12 }  // int8MatrixTileRows
  @inline(__always) static func factor(_ row: UnsafePointer<UInt8>) -> SIMD2<Int32> { isa_bytes_lane(row) }
  @inline(__always) static func weights(_ panel: UnsafeRawPointer) -> SIMD4<Int32> {
    panel.loadUnaligned(as: SIMD4<Int32>.self)
  }
  @inline(__always)
  static func adding(_ sums: SIMD4<Int32>, _ factor: SIMD2<Int32>, times weights: SIMD4<Int32>) -> SIMD4<Int32> {
    isa_dot_mixed_4(sums, factor, weights)
  }
}
