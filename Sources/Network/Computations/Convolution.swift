// Convolution with its fused epilogue: shape, cost, and the kernel it compiles to.

internal import Kernels

/// A convolution with constant weights, and the epilogue that passes add: scale per channel, bias,
/// residual add, activation, in that order. Operands: (n, channels, height, width) and possibly the residual.
struct Convolution: Computation {
  let name = "Conv"
  var window: Window
  let groups: Int
  /// (outputs, inputs / groups, kernel height, kernel width)
  let weights: Tensor
  /// What the weights of each output channel are multiplied with.
  var scale: [Float]?
  var bias: [Float]?
  var addsResidual = false
  var activation = Activation.none

  init(window: Window, groups: Int, weights: Tensor, bias: [Float]?) {
    self.window = window
    self.groups = groups
    self.weights = weights
    self.bias = bias
  }

  var outputs: Int { weights.dimensions[0] }
  private var kernel: Window.Size { Window.Size(weights.dimensions[2], weights.dimensions[3]) }

  private func placed(_ input: Shape) throws(GraphError) -> Window.Placed {
    try window.placed(over: .init(input.dimensions[2], input.dimensions[3]), kernel: kernel)
  }

  /// y · scale + shift, channel by channel, taken into weights and bias. Only before residual and activation.
  func followed(byScale factors: [Float], shift: [Float]) -> Convolution {
    var result = self
    result.scale = scale.map { zip($0, factors).map(*) } ?? factors
    result.bias = bias.map { bias in bias.indices.map { bias[$0] * factors[$0] + shift[$0] } } ?? shift
    return result
  }

  /// The same window at every so many positions. SAME padding depends on the stride, so it is worked out first.
  mutating func multiplyStrides(by factors: Window.Size, over input: Shape) {
    if let placed = try? placed(input) {
      window.padding = .explicit(
        top: placed.rows.before, left: placed.columns.before, bottom: placed.rows.after, right: placed.columns.after)
    }
    window.strides.height *= factors.height
    window.strides.width *= factors.width
  }

  /// Whether an output pixel depends on one input pixel only, at its own place times the stride.
  var isPointwise: Bool {
    kernel.isOne && window.padding == .none
  }

  var layoutRule: LayoutRule { .channelsLast }
  var takesSlices: Bool { true }
  var parameterCount: Int { weights.count + (bias?.count ?? 0) }

  func multiplyAdds(_ inputs: [Shape], _ outputs: [Shape]) -> Int {
    outputs[0].count * (weights.count / self.outputs)
  }

  func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let input = context.inputShapes[0]
    let shape = try window.convolution(over: input, weights: weights.dimensions, groups: groups)
    let source = context.inputs[0]
    let target = context.outputs[0]
    let residual = addsResidual ? context.inputs[1] : nil
    let images = input.dimensions[0]
    let packed = unsafe try weights.withFloats { weights in
      unsafe withOptionalPointer(scale) { scale in
        unsafe withOptionalPointer(bias) { bias in
          unsafe Kernels.Convolution(
            shape: shape, maxBatch: images * context.largest(source), weights: weights.baseAddress!, scale: scale,
            bias: bias, activation: activation, residual: addsResidual, precision: context.precision,
            pool: context.pool)
        }
      }
    }
    weights.discard()
    return Kernel(packed.algorithm, scratchBytes: 4 * packed.scratchFloats) { run in
      unsafe packed.run(
        batch: images * run.items(source), input: run.read(source), inputStride: source.stride,
        output: run.write(target), outputStride: target.stride,
        residual: residual.map { unsafe run.read($0) }, residualStride: residual?.stride ?? 0,
        scratch: run.scratch.assumingMemoryBound(to: Float.self), pool: run.pool)
    }
  }
}

extension Window {
  /// In the kernels' terms, over an input (n, channels, height, width) with weights (outputs, channels / groups, kernel
  /// height, kernel width).
  func convolution(over input: Shape, weights: [Int], groups: Int) throws(GraphError) -> ConvolutionShape {
    let placed = try placed(
      over: .init(input.dimensions[2], input.dimensions[3]), kernel: .init(weights[2], weights[3]))
    let (rows, columns) = (placed.rows, placed.columns)
    return ConvolutionShape(
      inHeight: input.dimensions[2], inWidth: input.dimensions[3], inChannels: input.dimensions[1],
      outChannels: weights[0], kernelHeight: rows.kernel, kernelWidth: columns.kernel, strideHeight: rows.stride,
      strideWidth: columns.stride, dilationHeight: rows.dilation, dilationWidth: columns.dilation, padTop: rows.before,
      padLeft: columns.before, padBottom: rows.after, padRight: columns.after, groups: groups)
  }
}

/// `body` with the array's first element, or nil where there is no array.
func withOptionalPointer<Element, Result, Failure: Error>(
  _ array: [Element]?, _ body: (UnsafePointer<Element>?) throws(Failure) -> Result
) throws(Failure) -> Result {
  guard let array else { return try body(nil) }
  return unsafe try array.withUnsafeBufferPointer { buffer throws(Failure) in unsafe try body(buffer.baseAddress) }
}
