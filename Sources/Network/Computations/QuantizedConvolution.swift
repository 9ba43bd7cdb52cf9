// 8-bit convolution with its requantization and, if fused, a residual addition.

internal import Elements
internal import Kernels

/// A convolution of bytes with 8-bit weights, summed in int32. Operands: bytes (n, channels, height, width) and, where the
/// output is `added`, the residual's bytes.
struct QuantizedConvolution: Computation {
  let name = "QLinearConv"
  var window: Window
  let groups: Int
  /// (outputs, inputs / groups, kernel height, kernel width), one scale or one per output
  let weights: ByteWeights
  /// (outputs): in units of the input's scale times the weights'.
  let bias: [Int32]?
  let input: ByteQuantization
  var output: QuantizedOutput
  /// (outputs): in place of the output's scale, where the channels of the result have scales of their own.
  var outputScales: [Float]?

  var layoutRule: LayoutRule { .channelsLast }
  var takesSlices: Bool { true }
  var parameterCount: Int { weights.integers.count + (bias?.count ?? 0) }
  var runsInIntegers: Bool { true }

  private var outputs: Int { weights.integers.dimensions[0] }

  func multiplyAdds(_ inputs: [Shape], _ outputs: [Shape]) -> Int {
    outputs[0].count * (weights.integers.count / self.outputs)
  }

  func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, target) = (context.inputs[0], context.outputs[0])
    let residual = context.inputs.count > 1 ? context.inputs[1] : nil
    let images = context.inputShapes[0].dimensions[0]
    let kernel = try kernel(
      context.inputShapes[0], maxBatch: images * context.largest(source), pool: context.pool)
    weights.integers.discard()
    return Kernel(kernel.algorithm, scratchBytes: kernel.scratchBytes) { run in
      unsafe kernel.run(
        batch: images * run.items(source), input: run.read(source, as: UInt8.self), inputStride: source.stride,
        output: run.write(target, as: UInt8.self), outputStride: target.stride,
        residual: residual.map { unsafe UnsafeRawPointer(run.read($0, as: UInt8.self)) },
        residualStride: residual?.stride ?? 0, scratch: run.scratch, pool: run.pool)
    }
  }

  /// The packed convolution for inputs of `shape`.
  func kernel(_ shape: Shape, maxBatch: Int, pool: ThreadPool) throws(GraphError) -> Kernels.QuantizedConvolution {
    let weightDimensions = weights.integers.dimensions
    let taps = weightDimensions[2] * weightDimensions[3]
    let convolution = try window.convolution(over: shape, weights: weightDimensions, groups: groups)
    return try weights.with(outputStep: weightDimensions[1] * taps, inputStep: taps) {
      weights throws(GraphError) in
      unsafe try withOptionalPointer(bias) { bias throws(GraphError) in
        try quantized { () throws(QuantizationError) in
          unsafe try Kernels.QuantizedConvolution(
            shape: convolution, maxBatch: maxBatch, input: input, weights: weights, bias: bias, output: output,
            outputScales: outputScales, pool: pool)
        }
      }
    }
  }
}
