// Convolution of bytes in which every channel has its own kernel.

internal import KernelTemplates

struct QuantizedDepthwise: QuantizedConvolutionAlgorithm {
  let name = "int8 depthwise"
  let scratchBytes = 0
  private let shape: ConvolutionShape
  private let input: ByteQuantization
  private let result: ByteResult
  private let kernels: ByteKernelTable
  /// (kernelHeight, kernelWidth, channels), less zero points
  private let weights: TypedBuffer<Float>
  /// (channels): bias − input zero point · Σ weights
  private let start: TypedBuffer<Int32>
  private let bias: TypedBuffer<Int32>
  private let multipliers: TypedBuffer<Float>

  /// Kernels of up to 258 taps: 258 · 255 · 255 < 2²⁴, so that sums are exact in floats.
  static func applies(to layer: QuantizedLayer) -> Bool {
    let shape = layer.shape
    if case .sums = layer.result { return false }
    return shape.groups > 1 && shape.groups == shape.inChannels && shape.groups == shape.outChannels
      && shape.kernelHeight * shape.kernelWidth <= 258
  }

  init(_ layer: QuantizedLayer) {
    shape = layer.shape
    input = layer.input
    result = layer.result
    kernels = layer.kernels
    let (channels, taps) = (shape.outChannels, shape.kernelHeight * shape.kernelWidth)
    weights = TypedBuffer(count: taps * channels)
    start = TypedBuffer(count: channels)
    bias = TypedBuffer(count: channels)
    multipliers = TypedBuffer(count: channels)
    for channel in 0..<channels {
      var sum: Int32 = 0
      for tap in 0..<taps {
        let value = layer.weights.value(channel, 0, tap)
        sum &+= value
        weights.start[tap * channels + channel] = Float(value)
      }
      bias.start[channel] = layer.bias?[channel] ?? 0
      start.start[channel] = bias.start[channel] &- Int32(layer.input.unsignedZero) &* sum
      multipliers.start[channel] = layer.multipliers[channel]
    }
  }

  func run(_ call: QuantizedCall) {
    let channels = shape.outChannels
    let rowStep = shape.inWidth * call.inputStride
    call.pool.run(tasks: call.batch * shape.outHeight) { task in
      let (image, y) = task.quotientAndRemainder(dividingBy: shape.outHeight)
      let top = y * shape.strideHeight - shape.padTop
      let first = top >= 0 ? 0 : (-top + shape.dilationHeight - 1) / shape.dilationHeight
      let end = max(0, (shape.inHeight - top + shape.dilationHeight - 1) / shape.dilationHeight)
      let rows = max(0, min(shape.kernelHeight, end) - first)
      let plane = call.input + image * shape.inHeight * rowStep
      let pixel = task * shape.outWidth
      let output = call.output + pixel * call.outputStride * result.elementBytes
      let row = ByteWindowRow(
        input: rows > 0 ? plane + (top + first * shape.dilationHeight) * rowStep : plane, inWidth: shape.inWidth,
        inputStride: call.inputStride, rowStep: shape.dilationHeight * rowStep, kernelRows: rows,
        kernelWidth: shape.kernelWidth, strideWidth: shape.strideWidth, dilationWidth: shape.dilationWidth,
        padLeft: shape.padLeft, outWidth: shape.outWidth, output: output.assumingMemoryBound(to: UInt8.self),
        outputStride: call.outputStride, channels: channels)
      kernels.depthwiseRow(
        row,
        ByteDepthwiseWeights(
          weights: UnsafePointer(weights.start)
            + min(first, shape.kernelHeight - 1) * shape.kernelWidth * channels,
          stride: channels, start: UnsafePointer(start.start), bias: UnsafePointer(bias.start),
          kernelHeight: shape.kernelHeight, input: input.input),
        ByteEpilogue(
          result: result, multipliers: UnsafePointer(multipliers.start),
          residual: call.residual.map { $0 + pixel * call.residualStride }, residualStride: call.residualStride,
          output: output, outputStride: call.outputStride, memory: output))
    }
  }
}
