// Convolution in which every channel has its own kernel.

internal import KernelTemplates

struct DepthwiseConvolution: ConvolutionAlgorithm {
  let shape: ConvolutionShape
  let name = "depthwise"
  let scratchFloats = 0
  private let kernels: KernelTable
  /// (kernelHeight, kernelWidth, channels)
  private let weights: TypedBuffer<Float>
  private let bias: TypedBuffer<Float>

  init(
    shape: ConvolutionShape, weights: ConvolutionWeights, bias: UnsafePointer<Float>?, kernels: KernelTable
  ) {
    self.shape = shape
    self.kernels = kernels
    let kernelPositions = shape.kernelHeight * shape.kernelWidth
    self.weights = TypedBuffer<Float>(count: kernelPositions * shape.outChannels)
    for channel in 0..<shape.outChannels {
      let factor = weights.factor(channel)
      for position in 0..<kernelPositions {
        self.weights.start[position * shape.outChannels + channel] =
          weights.start[channel * weights.outputStep + position] * factor
      }
    }
    self.bias = packedBias(bias, groups: 1, columns: shape.outChannels, panelWidth: 1)
  }

  func run(_ call: ConvolutionCall) {
    let bounds = call.activation.bounds
    let channels = shape.outChannels
    call.pool.run(tasks: call.batch * shape.outHeight) { task in
      let (image, y) = task.quotientAndRemainder(dividingBy: shape.outHeight)
      let top = y * shape.strideHeight - shape.padTop
      let first = top >= 0 ? 0 : (-top + shape.dilationHeight - 1) / shape.dilationHeight
      let room = max(0, (shape.inHeight - top + shape.dilationHeight - 1) / shape.dilationHeight)
      let rows = max(0, min(shape.kernelHeight, room) - first)
      let input = call.input + image * shape.inHeight * shape.inWidth * call.inputStride
      let rowStep = shape.inWidth * call.inputStride
      let output = call.output + task * shape.outWidth * call.outputStride
      let row = WindowRow(
        input: rows > 0 ? input + (top + first * shape.dilationHeight) * rowStep : input, inWidth: shape.inWidth,
        inputStride: call.inputStride, rowStep: shape.dilationHeight * rowStep, kernelRows: rows,
        kernelWidth: shape.kernelWidth, strideWidth: shape.strideWidth, dilationWidth: shape.dilationWidth,
        padLeft: shape.padLeft, outWidth: shape.outWidth, output: output, outputStride: call.outputStride,
        channels: channels)
      kernels.depthwiseRow(
        row, UnsafePointer(weights.start) + min(first, shape.kernelHeight - 1) * shape.kernelWidth * channels, channels,
        UnsafePointer(bias.start), call.residual.map { $0 + task * shape.outWidth * call.residualStride },
        call.residualStride, bounds.low, bounds.high)
      if call.activation.needsPass {
        for x in 0..<shape.outWidth {
          let to = output + x * call.outputStride
          kernels.activateRun(call.activation.vector, channels, to, to)
        }
      }
    }
  }
}
