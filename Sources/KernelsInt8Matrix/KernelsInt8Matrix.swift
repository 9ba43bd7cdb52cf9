// Products of bytes with Arm's matrix multiplication (i8mm, Armv8.6: Neoverse V1, Graviton 3 and later): 2 × 8 bytes of rows by 8 × 2
// of weights an instruction, twice the products of a dot product; and its dot product of unsigned with signed bytes. All else over bytes is the portable kernels'.

internal import CInstructionSets
public import KernelTemplates

/// `ByteKernelTable.gemm` over panels of groups of eight, 24 columns wide.
public let int8MatrixGemm: @Sendable (UnsafePointer<ByteBlock>) -> Void = { gemm(Int8MatrixBytes.self, $0) }
public let int8MatrixTileRows = Int8MatrixBytes.tileRows
public let int8MatrixPanelWidth = 2 * Int8MatrixBytes.width
public let int8MatrixDepthGroup = Int8MatrixBytes.depthGroup
public let int8MatrixTapRow: @Sendable (ByteTapRow, ByteTapWeights) -> Void = { byteTapRow(MixedTaps.self, $0, $1) }

enum Int8MatrixBytes: PairedByteFormat {
  typealias Floats = SIMD4<Float>
  @inline(__always)
  static func factor(_ first: UnsafePointer<UInt8>, _ second: UnsafePointer<UInt8>) -> SIMD16<UInt8> {
    isa_two_rows(first, second)
  }
  @inline(__always) static func weights(_ panel: UnsafeRawPointer) -> SIMD16<Int8> {
    panel.loadUnaligned(as: SIMD16<Int8>.self)
  }
  @inline(__always)
  static func adding(_ sums: SIMD4<Int32>, _ rows: SIMD16<UInt8>, times weights: SIMD16<Int8>) -> SIMD4<Int32> {
    isa_multiply_pairs(sums, rows, weights)
  }
}

/// By `usdot`.
enum MixedTaps: QuadTapFormat {
  typealias Sums = SIMD4<Int32>
  typealias Floats = SIMD4<Float>
  @inline(__always)
  static func adding(_ sums: SIMD4<Int32>, _ bytes: SIMD4<Int32>, times weights: SIMD4<Int32>) -> SIMD4<Int32> {
    isa_dot_mixed_4(sums, bytes, weights)
  }
}
