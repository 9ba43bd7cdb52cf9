// A product of bytes with constant weights: Gemm, MatMul, QLinearMatMul, MatMulInteger with a constant right side.

/// output (rows, outputs) of input (rows, inputs) · weights + bias: a quantized 1×1 convolution of `rows` images of one pixel.
public final class QuantizedDense: Sendable {
  public let inputs: Int
  public let outputs: Int
  public let maxRows: Int
  public var scratchBytes: Int { convolution.scratchBytes }
  private let convolution: QuantizedConvolution

  /// - Parameters:
  ///   - weights: (outputs, inputs) by `outputStep` and `inputStep`, one tap; read only during this call.
  ///   - bias: (outputs), in units of input scale · weight scale, or nil; read only during this call.
  /// - Throws: `QuantizationError` where scales make a multiplier that is not finite and positive.
  public init(
    inputs: Int, outputs: Int, input: ByteQuantization, weights: QuantizedWeights, bias: UnsafePointer<Int32>?,
    output: QuantizedOutput, maxRows: Int, pool: ThreadPool, instructionSet: CPUFeatures = .current
  ) throws(QuantizationError) {
    self.inputs = inputs
    self.outputs = outputs
    self.maxRows = maxRows
    convolution = try QuantizedConvolution(
      shape: ConvolutionShape(
        inHeight: 1, inWidth: 1, inChannels: inputs, outChannels: outputs, kernelHeight: 1, kernelWidth: 1),
      maxBatch: maxRows, input: input, weights: weights, bias: bias, output: output, pool: pool,
      instructionSet: instructionSet)
  }

  /// - Parameters:
  ///   - input: (rows, inputs) bytes, contiguous.
  ///   - output: (rows, outputs) elements, contiguous.
  ///   - residual: as `output`, where the output is `added`.
  ///   - scratch: `scratchBytes` bytes, aligned to 8.
  public func run(
    rows: Int, input: UnsafeRawPointer, output: UnsafeMutableRawPointer, residual: UnsafeRawPointer? = nil,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    convolution.run(
      batch: rows, input: input, inputStride: inputs, output: output, outputStride: outputs, residual: residual,
      residualStride: outputs, scratch: scratch, pool: pool)
  }
}
