// A convolution of bytes whose weights were packed once.

internal import KernelTemplates

/// Convolution of a quantized tensor with quantized weights, over NHWC, summed in int32: the results are the same bytes on every
/// instruction set and for any number of threads.
public final class QuantizedConvolution: Sendable {
  public let shape: ConvolutionShape
  public let maxBatch: Int
  public let output: QuantizedOutput
  private let implementation: any QuantizedConvolutionAlgorithm

  /// How it is computed, for people.
  public var algorithm: String { implementation.name }
  /// What `run` needs as scratch, for batches up to `maxBatch`.
  public var scratchBytes: Int { implementation.scratchBytes }

  /// - Parameters:
  ///   - weights: (outChannels, inChannels / groups, kernelHeight, kernelWidth), read only during this call.
  ///   - bias: (outChannels), in units of input scale · weight scale, or nil; read only during this call.
  ///   - outputScales: (outChannels), in place of the scale of `output`, which is then bytes; nil where that one holds for all.
  ///   - pool: packs the weights; later pools may have as many threads, not more.
  /// - Throws: `QuantizationError` where scales make a multiplier that is not finite and positive.
  public convenience init(
    shape: ConvolutionShape, maxBatch: Int, input: ByteQuantization, weights: QuantizedWeights,
    bias: UnsafePointer<Int32>?, output: QuantizedOutput, outputScales: [Float]? = nil, pool: ThreadPool,
    instructionSet: CPUFeatures = .current
  ) throws(QuantizationError) {
    let layer = try QuantizedLayer(
      shape: shape, input: input, weights: weights, bias: bias, output: output, outputScales: outputScales,
      kernels: instructionSet.byteKernels)
    self.init(layer, maxBatch: maxBatch, output: output, choice: .best(for: layer), pool: pool)
  }

  /// By the algorithm `choice`, or as `QuantizedConvolutionChoice` says where it is not exact for these weights.
  init(
    _ layer: QuantizedLayer, maxBatch: Int, output: QuantizedOutput, choice: QuantizedConvolutionChoice,
    pool: ThreadPool
  ) {
    shape = layer.shape
    self.maxBatch = maxBatch
    self.output = output
    implementation = choice.algorithm(layer, maxBatch: maxBatch, pool: pool)
  }

  /// - Parameters:
  ///   - input: (batch, inHeight, inWidth) pixels of `inChannels` bytes, `inputStride` bytes apart.
  ///   - output: (batch, outHeight, outWidth) pixels of `outChannels` elements of `output.elementBytes`, `outputStride` elements apart.
  ///   - residual: where `output` is `added`: bytes, pixels `residualStride` apart; may be `output` itself.
  ///   - scratch: `scratchBytes` bytes, aligned to 8, contents free before and after.
  public func run(
    batch: Int, input: UnsafeRawPointer, inputStride: Int, output: UnsafeMutableRawPointer, outputStride: Int,
    residual: UnsafeRawPointer? = nil, residualStride: Int = 0, scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    implementation.run(
      QuantizedCall(
        batch: batch, input: input.assumingMemoryBound(to: UInt8.self), inputStride: inputStride, output: output,
        outputStride: outputStride, residual: residual?.assumingMemoryBound(to: UInt8.self),
        residualStride: residualStride, scratch: scratch, pool: pool))
  }
}

/// A way to compute a quantized convolution, its weights packed for it.
protocol QuantizedConvolutionAlgorithm: Sendable {
  /// For people: "int8 direct 1x1", "int8 depthwise" …
  var name: String { get }
  var scratchBytes: Int { get }
  func run(_ call: QuantizedCall)
}

/// What a quantized convolution is made from; see `QuantizedConvolution.init`.
struct QuantizedLayer {
  var shape: ConvolutionShape
  var input: ByteQuantization
  var weights: QuantizedWeights
  var bias: UnsafePointer<Int32>?
  /// (outChannels)
  var multipliers: [Float]
  var result: ByteResult
  var kernels: ByteKernelTable

  /// - Throws: `QuantizationError` where scales make a multiplier that is not finite and positive.
  init(
    shape: ConvolutionShape, input: ByteQuantization, weights: QuantizedWeights, bias: UnsafePointer<Int32>?,
    output: QuantizedOutput, outputScales: [Float]? = nil, kernels: ByteKernelTable
  ) throws(QuantizationError) {
    self.shape = shape
    self.input = input
    self.weights = weights
    self.bias = bias
    multipliers = try output.multipliers(
      input: input.scale, weightScales: weights.scales, outputScales: outputScales, count: shape.outChannels)
    result = try output.result()
    self.kernels = kernels
  }

  /// What the sums of a channel start from: bias − input zero point · Σ weights, wrapping.
  func start(_ channel: Int, weightSum: Int32) -> Int32 {
    (bias?[channel] ?? 0) &- Int32(input.unsignedZero) &* weightSum
  }
}

/// The buffers of one run; see `QuantizedConvolution.run`.
struct QuantizedCall {
  var batch: Int
  var input: UnsafePointer<UInt8>
  var inputStride: Int
  var output: UnsafeMutableRawPointer
  var outputStride: Int
  var residual: UnsafePointer<UInt8>?
  var residualStride: Int
  var scratch: UnsafeMutableRawPointer
  var pool: ThreadPool
}
