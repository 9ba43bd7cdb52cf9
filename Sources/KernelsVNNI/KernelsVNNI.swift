// Products of bytes with AVX-512 VNNI: four products a lane and instruction, exact for all bytes. All else over bytes is AVX-512's.

internal import CInstructionSets
public import KernelTemplates

/// `ByteKernelTable.gemm` over panels of groups, 32 columns wide. Not a table: copying one is code that other targets have too.
public let vnniGemm: @Sendable (UnsafePointer<ByteBlock>) -> Void = { gemm(VNNIBytes.self, $0) }
public let vnniTileRows = 12
public let vnniTapRow: @Sendable (ByteTapRow, ByteTapWeights) -> Void = { byteTapRow(VNNIBytes.self, $0, $1) }

enum VNNIBytes: ByteFormat, QuadTapFormat {
  typealias Floats = SIMD16<Float>
  @inline(__always) static var tileRows: Int { 12 }  // vnniTileRows
  @inline(__always) static var computesNarrowPanels: Bool { true }
  @inline(__always) static func factor(_ row: UnsafePointer<UInt8>) -> SIMD16<Int32> {
    SIMD16(repeating: UnsafeRawPointer(row).loadUnaligned(as: Int32.self))
  }
  @inline(__always) static func weights(_ panel: UnsafeRawPointer) -> SIMD16<Int32> {
    panel.loadUnaligned(as: SIMD16<Int32>.self)
  }
  @inline(__always)
  static func adding(_ sums: SIMD16<Int32>, _ factor: SIMD16<Int32>, times weights: SIMD16<Int32>) -> SIMD16<Int32> {
    isa_dot_16(sums, factor, weights)
  }
  @inline(__always) static func firstBytes(_ a: SIMD16<Int32>, _ b: SIMD16<Int32>) -> SIMD16<Int32> {
    isa_first_bytes_16(a, b)
  }
  @inline(__always) static func lastBytes(_ a: SIMD16<Int32>, _ b: SIMD16<Int32>) -> SIMD16<Int32> {
    isa_last_bytes_16(a, b)
  }
  @inline(__always) static func firstPairs(_ a: SIMD16<Int32>, _ b: SIMD16<Int32>) -> SIMD16<Int32> {
    isa_first_pairs_16(a, b)
  }
  @inline(__always) static func lastPairs(_ a: SIMD16<Int32>, _ b: SIMD16<Int32>) -> SIMD16<Int32> {
    isa_last_pairs_16(a, b)
  }
}
