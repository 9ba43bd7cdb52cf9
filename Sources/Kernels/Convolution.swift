// A convolution whose weights were packed once, for the algorithm that suits its shape.

internal import KernelTemplates

/// Convolution, bias, residual add and activation, in that order, over NHWC.
public final class Convolution: Sendable {
  public let shape: ConvolutionShape
  public let maxBatch: Int
  private let activation: Activation
  private let implementation: any ConvolutionAlgorithm

  /// How it is computed, for people.
  public var algorithm: String { implementation.name }
  /// What `run` needs as scratch, for batches up to `maxBatch`.
  public var scratchFloats: Int { implementation.scratchFloats }

  /// - Parameters:
  ///   - weights: (outChannels, inChannels / groups, kernelHeight, kernelWidth), read only during this call.
  ///   - scale: (outChannels), what each output channel's weights (not its bias) are multiplied with as they are packed, or nil;
  ///     read only during this call.
  ///   - bias: (outChannels), read only during this call.
  ///   - residual: whether `run` will be given a residual to add.
  ///   - precision: of the products; `bf16` where the cost model finds it faster.
  ///   - pool: packs the weights; later pools may have as many threads, not more.
  public convenience init(
    shape: ConvolutionShape, maxBatch: Int, weights: UnsafePointer<Float>, scale: UnsafePointer<Float>? = nil,
    bias: UnsafePointer<Float>?, activation: Activation, residual: Bool, precision: Precision = .float32,
    pool: ThreadPool, instructionSet: CPUFeatures = .current
  ) {
    let kernelPositions = shape.kernelHeight * shape.kernelWidth
    self.init(
      shape: shape, maxBatch: maxBatch,
      weights: ConvolutionWeights(
        start: weights, outputStep: shape.groupInputs * kernelPositions, inputStep: kernelPositions, scale: scale),
      bias: bias,
      activation: activation, pool: pool, kernels: instructionSet.kernels, bfloat16: instructionSet.bfloat16Kernels,
      choice: .best(
        shape, width: instructionSet.kernels.width,
        bfloat16Group: precision == .bf16 ? instructionSet.bfloat16Kernels.depthGroup : nil))
  }

  /// By the algorithm `choice`.
  init(
    shape: ConvolutionShape, maxBatch: Int, weights: ConvolutionWeights, bias: UnsafePointer<Float>?,
    activation: Activation, pool: ThreadPool, kernels: KernelTable, bfloat16: BFloat16Kernels,
    choice: ConvolutionChoice
  ) {
    self.shape = shape
    self.maxBatch = maxBatch
    self.activation = activation
    switch choice {
    case .indirect:
      implementation = IndirectConvolution(
        shape: shape, maxBatch: maxBatch, weights: weights, bias: bias, kernels: kernels, pool: pool)
    case .bfloat16:
      implementation = BFloat16Convolution(
        shape: shape, maxBatch: maxBatch, weights: weights, bias: bias, kernels: kernels, bfloat16: bfloat16,
        pool: pool)
    case .depthwise:
      implementation = DepthwiseConvolution(shape: shape, weights: weights, bias: bias, kernels: kernels)
    case .channelwise:
      implementation = ChannelwiseConvolution(shape: shape, weights: weights, bias: bias, kernels: kernels, pool: pool)
    case .winogradTwo, .winogradFour:
      implementation = WinogradConvolution(
        shape: shape, outputs: choice == .winogradTwo ? 2 : 4, maxBatch: maxBatch, weights: weights, bias: bias,
        kernels: kernels, pool: pool)
    }
  }

  /// - Parameters:
  ///   - input: (batch, inHeight, inWidth) pixels of `inChannels` floats, `inputStride` floats apart.
  ///   - output: (batch, outHeight, outWidth) pixels of `outChannels` floats, `outputStride` floats apart.
  ///   - residual: as `output`, `residualStride` apart; may be `output` itself.
  ///   - scratch: `scratchFloats` floats, contents free before and after.
  public func run(
    batch: Int, input: UnsafePointer<Float>, inputStride: Int, output: UnsafeMutablePointer<Float>, outputStride: Int,
    residual: UnsafePointer<Float>? = nil, residualStride: Int = 0, scratch: UnsafeMutablePointer<Float>,
    pool: ThreadPool
  ) {
    implementation.run(
      ConvolutionCall(
        batch: batch, input: input, inputStride: inputStride, output: output, outputStride: outputStride,
        residual: residual, residualStride: residualStride, activation: activation, scratch: scratch, pool: pool))
  }
}
