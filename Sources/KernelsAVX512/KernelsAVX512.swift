// The kernels for AVX-512: 24 accumulators of the 32 registers.

public import KernelTemplates

public let avx512Kernels = KernelTable(SIMD16<Float>.self, tileRows: 12)
