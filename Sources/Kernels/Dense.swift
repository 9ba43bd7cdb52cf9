// A matrix product with a constant right side: ONNX's Gemm, or MatMul with constant B.

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
  private let convolution: Convolution

  /// `weights` and `bias` (outputs) are read only during this call.
  public init(
    inputs k: Int, outputs n: Int, weights: UnsafePointer<Float>, layout: DenseLayout, bias: UnsafePointer<Float>?,
    activation: Activation = .none, maxRows: Int, pool: ThreadPool, instructionSet: CPUFeatures = .current
  ) {
    inputs = k
    outputs = n
    self.maxRows = maxRows
    let packed =
      switch layout {
      case .rowMajorNK: ConvolutionWeights(start: weights, outputStep: k, inputStep: 1)
      case .rowMajorKN: ConvolutionWeights(start: weights, outputStep: 1, inputStep: n)
      }
    convolution = Convolution(
      shape: ConvolutionShape(
        inHeight: 1, inWidth: 1, inChannels: k, outChannels: n, kernelHeight: 1, kernelWidth: 1),
      maxBatch: maxRows, weights: packed, bias: bias, activation: activation, pool: pool,
      kernels: instructionSet.kernels, choice: .indirect)
  }

  /// - Parameters:
  ///   - input: (rows, inputs), contiguous.
  ///   - output: (rows, outputs), contiguous.
  ///   - scratch: `scratchFloats` floats.
  public func run(
    rows: Int, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>,
    pool: ThreadPool
  ) {
    convolution.run(
      batch: rows, input: input, inputStride: inputs, output: output, outputStride: outputs, scratch: scratch,
      pool: pool)
  }
}
