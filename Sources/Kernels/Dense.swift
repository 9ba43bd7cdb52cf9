// A matrix product with a constant right side: ONNX's Gemm, or MatMul with constant B.

/// How the weights of a `Dense` lie in memory.
public enum DenseLayout: Sendable {
  /// (inputs, outputs)
  case rowMajorKN
  /// (outputs, inputs)
  case rowMajorNK
}

/// output (rows, outputs) = activation(input (rows, inputs) · weights + bias)
public final class Dense {
  public let inputs: Int
  public let outputs: Int
  public let maxRows: Int
  public var scratchFloats: Int { convolution.scratchFloats }
  private let convolution: Convolution

  /// `weights` and `bias` (outputs) are read only during this call.
  public init(
    inputs k: Int, outputs n: Int, weights: UnsafePointer<Float>, layout: DenseLayout, bias: UnsafePointer<Float>?,
    activation: Activation = .none, maxRows: Int, pool: ThreadPool
  ) {
    inputs = k
    outputs = n
    self.maxRows = maxRows
    let shape = ConvolutionShape(
      inHeight: 1, inWidth: 1, inChannels: k, outChannels: n, kernelHeight: 1, kernelWidth: 1)
    switch layout {
    case .rowMajorNK:
      convolution = Convolution(
        shape: shape, maxBatch: maxRows, weights: weights, bias: bias, activation: activation, residual: false,
        pool: pool)
    case .rowMajorKN:
      let transposed = UnsafeMutablePointer<Float>.allocate(capacity: n * k)
      defer { transposed.deallocate() }
      for row in 0..<k { for column in 0..<n { transposed[column * k + row] = weights[row * n + column] } }
      convolution = Convolution(
        shape: shape, maxBatch: maxRows, weights: transposed, bias: bias, activation: activation, residual: false,
        pool: pool)
    }
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
