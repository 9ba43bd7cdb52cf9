// The kernels for any 64-bit processor: 128-bit vectors, SSE2 or NEON.

public import KernelTemplates

public let portableKernels = KernelTable(SIMD4<Float>.self)
public let portableByteKernels = ByteKernelTable(PortableBytes.self, panels: .groups)
public let portableByteWinograd = ByteWinogradTable(PortableWords.self)

/// A product of bfloat16 matrices, over panels 8 columns wide.
public let portableBFloat16Gemm: @Sendable (UnsafePointer<BFloat16Block>) -> Void = { gemm(PortableBFloat16.self, $0) }
public let portableBFloat16TileRows = PortableBFloat16.tileRows
public let portableBFloat16Run: @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<UInt16>) -> Void = {
  bfloat16Run($0, $1, $2)
}
