// Products of bfloat16 with Arm's matrix multiplication (bf16, Armv8.6: Neoverse V1, Graviton 3 and later): 2 × 4 numbers of rows by 4 × 2 of
// weights an instruction, four times the products of float32. All else is the portable kernels'.

internal import CInstructionSets
public import KernelTemplates

/// A product of bfloat16 matrices, over panels of groups of four, 24 columns wide. Not a table: see `vnniGemm`.
public let bfloat16MatrixGemm: @Sendable (UnsafePointer<BFloat16Block>) -> Void = { gemm(BFloat16Matrix.self, $0) }
public let bfloat16MatrixTileRows = BFloat16Matrix.tileRows
public let bfloat16MatrixPanelWidth = 2 * BFloat16Matrix.width
public let bfloat16MatrixDepthGroup = BFloat16Matrix.depthGroup

/// `bfloat16Run`, eight at a time: but that subnormal numbers stay, which products take as 0.
public let bfloat16MatrixRun: @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<UInt16>) -> Void = {
  count, input, output in
  var index = 0
  while index + 8 <= count {
    isa_store_bfloat16_8(input + index, output + index)
    index += 8
  }
  bfloat16Run(count - index, input + index, output + index)
}

enum BFloat16Matrix: PairedBFloat16Format {
  @inline(__always)
  static func factor(_ first: UnsafePointer<UInt16>, _ second: UnsafePointer<UInt16>) -> SIMD16<UInt8> {
    isa_two_rows(first, second)
  }
  @inline(__always) static func weights(_ panel: UnsafeRawPointer) -> SIMD16<UInt8> {
    panel.loadUnaligned(as: SIMD16<UInt8>.self)
  }
  @inline(__always)
  static func adding(_ sums: SIMD4<Float>, _ rows: SIMD16<UInt8>, times weights: SIMD16<UInt8>) -> SIMD4<Float> {
    isa_multiply_bfloat16_pairs(sums, rows, weights)
  }
}
