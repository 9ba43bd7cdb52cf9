// The tables of compiled kernels that belong to a set of features.

internal import KernelTemplates
internal import KernelsPortable

#if arch(x86_64)
  internal import KernelsAVX2
  internal import KernelsAVX512
  internal import KernelsBF16
  internal import KernelsVNNI
#elseif arch(arm64)
  internal import KernelsBFloat16Matrix
  internal import KernelsDotProduct
  internal import KernelsInt8Matrix
#endif

extension CPUFeatures {
  /// The kernels over floats. Calling into a table this processor does not support is an illegal instruction; `current` never is one.
  var kernels: KernelTable {
    #if arch(x86_64)
      if isSuperset(of: [.avx512, .fma]) { return avx512Kernels }
      if isSuperset(of: [.avx2, .fma]) { return avx2Kernels }
    #endif
    return portableKernels
  }

  /// The kernels over bytes.
  var byteKernels: ByteKernelTable {
    #if arch(x86_64)
      if isSuperset(of: [.avx512, .fma]) {
        var kernels = avx512ByteKernels
        kernels.winograd = avx512ByteWinograd
        kernels.tapRow = avx512TapRow
        kernels.tapLayout = .pairs
        if contains(.vnni) {
          kernels.winograd = nil
          kernels.gemm = vnniGemm
          kernels.tileRows = vnniTileRows
          kernels.panels = .groups
          kernels.tapRow = vnniTapRow
          kernels.tapLayout = .quads
        }
        return kernels
      }
      if isSuperset(of: [.avx2, .fma]) {
        var kernels = avx2ByteKernels
        kernels.winograd = avx2ByteWinograd
        kernels.tapRow = avx2TapRow
        kernels.tapLayout = .pairs
        return kernels
      }
    #endif
    var kernels = portableByteKernels
    kernels.winograd = portableByteWinograd
    #if arch(arm64)
      if contains(.int8MatrixMultiply) {
        kernels.winograd = nil
        kernels.gemm = int8MatrixGemm
        kernels.tileRows = int8MatrixTileRows
        kernels.panelWidth = int8MatrixPanelWidth
        kernels.depthGroup = int8MatrixDepthGroup
        kernels.tapRow = int8MatrixTapRow
      } else if contains(.dotProduct) {
        kernels.winograd = nil
        kernels.gemm = dotProductGemm
        kernels.tileRows = dotProductTileRows
        kernels.rowOffset = dotProductRowOffset
        kernels.tapRow = dotProductTapRow
      }
    #endif
    return kernels
  }
}

/// The kernels over bfloat16 of one instruction set.
struct BFloat16Kernels: Sendable {
  /// Writes so many floats as bfloat16; see `bfloat16Run`.
  typealias Convert = @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<UInt16>) -> Void

  /// Columns of a packed panel.
  var panelWidth: Int
  /// The most rows of a register tile.
  var tileRows: Int
  /// Elements of a row that one step multiplies: 2 or 4. As many products an instruction adds to each lane.
  var depthGroup: Int
  var gemm: @Sendable (UnsafePointer<BFloat16Block>) -> Void
  var convert: Convert
}

extension CPUFeatures {
  /// Whether products of bfloat16 have instructions of their own.
  var hasBFloat16Products: Bool {
    #if arch(arm64)
      contains(.bf16)
    #else
      isSuperset(of: [.avx512, .fma, .bf16])
    #endif
  }

  /// The kernels over bfloat16: the portable ones, which are slower than float32, where there are no instructions for them.
  var bfloat16Kernels: BFloat16Kernels {
    #if arch(x86_64)
      if hasBFloat16Products {
        return BFloat16Kernels(panelWidth: 32, tileRows: bf16TileRows, depthGroup: 2, gemm: bf16Gemm, convert: bf16Run)
      }
    #elseif arch(arm64)
      if hasBFloat16Products {
        return BFloat16Kernels(
          panelWidth: bfloat16MatrixPanelWidth, tileRows: bfloat16MatrixTileRows, depthGroup: bfloat16MatrixDepthGroup,
          gemm: bfloat16MatrixGemm, convert: bfloat16MatrixRun)
      }
    #endif
    return BFloat16Kernels(
      panelWidth: 8, tileRows: portableBFloat16TileRows, depthGroup: 2, gemm: portableBFloat16Gemm,
      convert: portableBFloat16Run)
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
    case .swish(let alpha): .swish(alpha: alpha)
    case .tanh: .tanh
    case .erf: .erf
    case .gelu: .gelu
    case .tanhGelu: .tanhGelu
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

extension ByteKernelTable {
  /// The results of `block`.
  func multiply(_ block: ByteBlock) { withUnsafePointer(to: block) { gemm($0) } }
}

extension KernelTable {
  /// C = A · B for `block`.
  func multiply(_ block: FloatBlock) { withUnsafePointer(to: block) { gemm($0) } }
}
