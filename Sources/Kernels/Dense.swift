// A matrix product with a constant right side: ONNX's Gemm, or MatMul with constant B.

internal import KernelTemplates

/// How the weights of a `Dense` lie in memory.
public enum DenseLayout: Sendable {
  /// (inputs, outputs)
  case rowMajorKN
  /// (outputs, inputs)
  case rowMajorNK
}

/// output (rows, outputs) = activation(input (rows, inputs) · weights + bias): a 1×1 convolution of `rows` images of one pixel.
public final class Dense: Sendable {
  public let inputs: Int
  public let outputs: Int
  public let maxRows: Int
  public var scratchFloats: Int { convolution.scratchFloats }
  /// How it is computed, for people.
  public var algorithm: String { isBFloat16 ? "bf16 packed GEMM" : "packed GEMM" }
  private let isBFloat16: Bool
  private let convolution: Convolution

  /// - Parameters:
  ///   - weights: read only during this call.
  ///   - bias: (outputs), read only during this call.
  ///   - precision: of the products.
  public convenience init(
    inputs: Int, outputs: Int, weights: UnsafePointer<Float>, layout: DenseLayout, bias: UnsafePointer<Float>?,
    activation: Activation = .none, precision: Precision = .float32, maxRows: Int, pool: ThreadPool,
    instructionSet: CPUFeatures = .current
  ) {
    self.init(
      inputs: inputs, outputs: outputs, weights: weights, layout: layout, bias: bias, activation: activation,
      precision: precision, maxRows: maxRows, pool: pool, kernels: instructionSet.kernels,
      bfloat16: instructionSet.bfloat16Kernels)
  }

  /// By given kernels.
  init(
    inputs k: Int, outputs n: Int, weights: UnsafePointer<Float>, layout: DenseLayout, bias: UnsafePointer<Float>?,
    activation: Activation, precision: Precision, maxRows: Int, pool: ThreadPool, kernels: KernelTable,
    bfloat16: BFloat16Kernels
  ) {
    inputs = k
    outputs = n
    self.maxRows = maxRows
    let packed =
      switch layout {
      case .rowMajorNK: ConvolutionWeights(start: weights, outputStep: k, inputStep: 1)
      case .rowMajorKN: ConvolutionWeights(start: weights, outputStep: 1, inputStep: n)
      }
    let shape = ConvolutionShape(
      inHeight: 1, inWidth: 1, inChannels: k, outChannels: n, kernelHeight: 1, kernelWidth: 1)
    isBFloat16 = precision == .bf16 && BFloat16Convolution.applies(to: shape, depthGroup: bfloat16.depthGroup)
    convolution = Convolution(
      shape: shape, maxBatch: maxRows, weights: packed, bias: bias, activation: activation, pool: pool,
      kernels: kernels, bfloat16: bfloat16, choice: isBFloat16 ? .bfloat16 : .indirect)
  }

  /// - Parameters:
  ///   - input: (rows, inputs), contiguous.
  ///   - output: (rows, outputs), contiguous.
  ///   - residual: as `output`, added before the activation, or nil.
  ///   - scratch: `scratchFloats` floats.
  public func run(
    rows: Int, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>, residual: UnsafePointer<Float>? = nil,
    scratch: UnsafeMutablePointer<Float>, pool: ThreadPool
  ) {
    convolution.run(
      batch: rows, input: input, inputStride: inputs, output: output, outputStride: outputs, residual: residual,
      residualStride: outputs, scratch: scratch, pool: pool)
  }
}
