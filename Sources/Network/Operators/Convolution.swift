internal import Kernels

/// Conv, with whatever the passes put into its epilogue: scale per channel, bias, residual add, activation, in that
/// order. Operands: (n, channels, height, width) and, once weights are taken in, possibly the residual.
public struct Convolution: Operator {
  public let name = "Conv"
  public var window: Window
  public var groups: Int
  /// (outputs, inputs / groups, kernel height, kernel width)
  var weights: Tensor?
  /// What the weights of each output channel are multiplied with.
  var scale: [Float]?
  var bias: [Float]?
  var addsResidual = false
  var activation = Activation.none

  public init(window: Window, groups: Int) throws(GraphError) {
    guard groups >= 1 else { throw .attribute("group") }
    self.window = window
    self.groups = groups
  }

  public func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 3)
    let input = try operands.activation(0)
    let weights = try operands.constant(1)
    let bias = try operands.optionalConstant(2)
    guard input.rank == 4 else { throw .rank(input.rank) }
    guard weights.dimensions.count == 4, weights.count > 0 else { throw .shapes([input, try weights.shape]) }
    _ = try weights.storage
    let outputs = weights.dimensions[0]
    guard weights.dimensions[1].multipliedReportingOverflow(by: groups) == (input.dimensions[1], false),
      outputs % groups == 0
    else { throw .shapes([input, try weights.shape]) }
    if let bias, bias.dimensions != [outputs] { throw .shapes([try weights.shape, try bias.shape]) }
    let kernel = Window.Size(weights.dimensions[2], weights.dimensions[3])
    if let declared = window.kernel, declared != kernel { throw .attribute("kernel_shape") }
    guard max(kernel.height, kernel.width) <= Window.limit else { throw .overflow }

    var result = self
    result.window.kernel = kernel
    result.weights = weights
    result.bias = try bias?.floats
    let shape = try result.outputShape(input)
    return .computed(result, reads: [0], shapes: [shape])
  }

  private func outputShape(_ input: Shape) throws(GraphError) -> Shape {
    let size = try placed(input).output
    return try input.with([input.dimensions[0], resolvedWeights.dimensions[0], size.height, size.width])
  }

  private func placed(_ input: Shape) throws(GraphError) -> Window.Placed {
    guard let kernel = window.kernel else { preconditionFailure("the convolution is not resolved") }
    return try window.placed(over: .init(input.dimensions[2], input.dimensions[3]), kernel: kernel)
  }

  private var resolvedWeights: Tensor {
    guard let weights else { preconditionFailure("the convolution is not resolved") }
    return weights
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
      window.padding = .explicit(top: placed.top, left: placed.left, bottom: placed.bottom, right: placed.right)
    }
    window.strides.height *= factors.height
    window.strides.width *= factors.width
  }

  /// Whether an output pixel depends on one input pixel only, at its own place times the stride.
  var isPointwise: Bool {
    window.kernel?.isOne == true && window.padding == .none
  }

  public var layoutRule: LayoutRule { .channelsLast }
  public var takesSlices: Bool { true }
  public var parameterCount: Int { (weights?.count ?? 0) + (bias?.count ?? 0) }

  public func multiplyAdds(_ inputs: [Shape], _ outputs: [Shape]) -> Int {
    outputs[0].count * (resolvedWeights.count / resolvedWeights.dimensions[0])
  }

  public func compile(_ site: Site) throws(GraphError) -> Kernel? {
    let input = site.inputShapes[0]
    let window = try placed(input)
    let shape = ConvolutionShape(
      inHeight: input.dimensions[2], inWidth: input.dimensions[3], inChannels: input.dimensions[1],
      outChannels: resolvedWeights.dimensions[0], kernelHeight: window.kernel.height,
      kernelWidth: window.kernel.width, strideHeight: window.strides.height, strideWidth: window.strides.width,
      dilationHeight: window.dilations.height, dilationWidth: window.dilations.width, padTop: window.top,
      padLeft: window.left, padBottom: window.bottom, padRight: window.right, groups: groups)
    let source = site.inputs[0]
    let target = site.outputs[0]
    let residual = addsResidual ? site.inputs[1] : nil
    let images = input.dimensions[0]
    let weights = try resolvedWeights.storage
    let packed = unsafe weights.withFloats { weights in
      unsafe scale.withOptionalPointer { scale in
        unsafe bias.withOptionalPointer { bias in
          unsafe Kernels.Convolution(
            shape: shape, maxBatch: images * site.largest(source), weights: weights.baseAddress!, scale: scale,
            bias: bias, activation: activation, residual: addsResidual, pool: site.pool)
        }
      }
    }
    weights.discard()
    return Kernel(packed.algorithm, scratchFloats: packed.scratchFloats) { frame in
      unsafe packed.run(
        batch: images * frame.items(source), input: frame.read(source), inputStride: source.stride,
        output: frame.write(target), outputStride: target.stride,
        residual: residual.map { unsafe frame.read($0) }, residualStride: residual?.stride ?? 0,
        scratch: frame.scratch, pool: frame.pool)
    }
  }
}

extension Optional where Wrapped == [Float] {
  /// The array's first element, or nil where there is no array.
  func withOptionalPointer<Result>(_ body: (UnsafePointer<Float>?) -> Result) -> Result {
    guard let self else { return body(nil) }
    return unsafe self.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
  }
}
