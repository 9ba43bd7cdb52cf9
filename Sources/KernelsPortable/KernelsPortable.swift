// The kernels for any 64-bit processor: 128-bit vectors, SSE2 or NEON.

public import KernelTemplates

public let portableKernels = KernelTable(SIMD4<Float>.self)
public let portableByteKernels = ByteKernelTable(PortableBytes.self, panels: .groups)
