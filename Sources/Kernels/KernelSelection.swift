// The table of compiled kernels that belongs to an instruction set.

internal import KernelTemplates
internal import KernelsPortable

#if arch(x86_64)
  internal import KernelsAVX2
  internal import KernelsAVX512
#endif

extension InstructionSet {
  /// Calling into a table this processor does not support is an illegal instruction; `current` never is one.
  var kernels: KernelTable {
    #if arch(x86_64)
      switch self {
      case .portable: portableKernels
      case .avx2: avx2Kernels
      case .avx512: avx512Kernels
      }
    #else
      portableKernels
    #endif
  }
}

extension Activation {
  /// In the terms of the templates.
  var vector: VectorActivation {
    switch self {
    case .none: .clamp(low: -.infinity, high: .infinity)
    case .relu: .clamp(low: 0, high: .infinity)
    case .clip(let low, let high): .clamp(low: low, high: high)
    case .sigmoid: .sigmoid
    case .hardSigmoid(let alpha, let beta): .hardSigmoid(alpha: alpha, beta: beta)
    case .hardSwish: .hardSwish
    case .leakyRelu(let alpha): .leakyRelu(alpha: alpha)
    }
  }

  /// The interval a register tile holds its sums to: the whole activation where that is an interval, else everything.
  var bounds: (low: Float, high: Float) {
    if case .clamp(let low, let high) = vector { (low, high) } else { (-.infinity, .infinity) }
  }

  /// Whether something is left to do after `bounds`.
  var needsPass: Bool {
    if case .clamp = vector { false } else { true }
  }
}

extension KernelTable {
  /// C = A · B for `block`.
  func multiply(_ block: GemmBlock) { withUnsafePointer(to: block) { gemm($0) } }
}
