// The kernels for AVX2 and FMA: 12 accumulators, two vectors of B and one of A fill the 16 registers.

public import KernelTemplates

public let avx2Kernels = KernelTable(SIMD8<Float>.self, tileRows: 6)
