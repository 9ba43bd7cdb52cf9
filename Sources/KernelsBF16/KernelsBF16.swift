// Products of bfloat16 with AVX512_BF16: two products a lane and instruction, summed in float32. All else is AVX-512's.

internal import CInstructionSets
public import KernelTemplates

/// A product of bfloat16 matrices, over panels 32 columns wide. Not a table: see `vnniGemm`.
public let bf16Gemm: @Sendable (UnsafePointer<BFloat16Block>) -> Void = { gemm(BF16Format.self, $0) }
public let bf16TileRows = 12

/// `bfloat16Run`, sixteen at a time.
public let bf16Run: @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<UInt16>) -> Void = {
  count, input, output in
  var index = 0
  while index + 16 <= count {
    isa_store_bfloat16_16(input + index, output + index)
    index += 16
  }
  bfloat16Run(count - index, input + index, output + index)
}

enum BF16Format: BFloat16Format {
  typealias Sums = SIMD16<Float>
  @inline(__always) static var tileRows: Int { 12 }  // bf16TileRows
  @inline(__always) static func factor(_ row: UnsafePointer<UInt16>) -> SIMD16<Int32> {
    SIMD16(repeating: UnsafeRawPointer(row).loadUnaligned(as: Int32.self))
  }
  @inline(__always) static func weights(_ panel: UnsafeRawPointer) -> SIMD16<Int32> {
    panel.loadUnaligned(as: SIMD16<Int32>.self)
  }
  @inline(__always)
  static func adding(_ sums: SIMD16<Float>, _ factor: SIMD16<Int32>, times weights: SIMD16<Int32>) -> SIMD16<Float> {
    isa_dot_bfloat16_16(sums, factor, weights)
  }
}
