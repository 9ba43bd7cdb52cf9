// Convolution of bytes in which every channel has its own kernel.

internal import KernelTemplates

struct QuantizedDepthwise: QuantizedConvolutionAlgorithm {
  let name = "int8 depthwise"
  private let shape: ConvolutionShape
  private let maxBatch: Int
  private let result: ByteResult
  private let kernels: ByteKernelTable
  private let source: DepthwiseRows
  /// (kernelHeight, kernelWidth, channels), less zero points
  private let weights: TypedBuffer<Float>
  /// (channels): bias − input zero point · Σ weights
  private let start: TypedBuffer<Int32>
  private let multipliers: TypedBuffer<Float>
  /// The same for a faster kernel, where there is one.
  private let taps: PackedTaps?

  /// Kernels of up to 258 taps: 258 · 255 · 255 < 2²⁴, so that sums are exact in floats.
  static func applies(to layer: QuantizedLayer) -> Bool {
    let shape = layer.shape
    if case .sums = layer.result { return false }
    return shape.groups > 1 && shape.groups == shape.inChannels && shape.groups == shape.outChannels
      && shape.kernelHeight * shape.kernelWidth <= 258
  }

  init(_ layer: QuantizedLayer, maxBatch: Int, pool: ThreadPool) {
    shape = layer.shape
    self.maxBatch = maxBatch
    result = layer.result
    kernels = layer.kernels
    source = DepthwiseRows(shape, input: layer.input, threads: pool.threads)
    let (channels, taps) = (shape.outChannels, shape.kernelHeight * shape.kernelWidth)
    weights = TypedBuffer(count: taps * channels)
    start = TypedBuffer(count: channels)
    multipliers = TypedBuffer(count: channels)
    for channel in 0..<channels {
      var sum: Int32 = 0
      for tap in 0..<taps {
        let value = layer.weights.value(channel, 0, tap)
        sum &+= value
        weights.start[tap * channels + channel] = Float(value)
      }
      start.start[channel] = layer.start(channel, weightSum: sum)
      multipliers.start[channel] = layer.multipliers[channel]
    }
    self.taps = PackedTaps(layer, start: UnsafePointer(start.start))
  }

  var scratchBytes: Int { source.scratchBytes }

  func run(_ call: QuantizedCall) {
    precondition(call.batch <= maxBatch)
    source.forEachRow(call) { image, y, row in
      let pixel = (image * shape.outHeight + y) * shape.outWidth
      write(row, call, output: call.output + pixel * call.outputStride * result.elementBytes, pixel)
    }
  }

  /// The results of one output row, whose first is output pixel `pixel`.
  private func write(_ input: DepthwiseRows.Row, _ call: QuantizedCall, output: UnsafeMutableRawPointer, _ pixel: Int) {
    let row = ByteWindowRow(
      input: input.start, inWidth: input.width, inputStride: input.stride,
      rowStep: shape.dilationHeight * input.width * input.stride, kernelRows: shape.kernelHeight,
      kernelWidth: shape.kernelWidth, strideWidth: shape.strideWidth, dilationWidth: shape.dilationWidth,
      padLeft: 0, outWidth: shape.outWidth, output: output.assumingMemoryBound(to: UInt8.self),
      outputStride: call.outputStride, channels: shape.outChannels)
    if let taps, case .bytes(let range) = result, taps.applies(to: row) { return taps.run(row, range) }
    kernels.depthwiseRow(
      row,
      ByteDepthwiseWeights(weights: UnsafePointer(weights.start), start: UnsafePointer(start.start)),
      ByteEpilogue(
        result: result, multipliers: UnsafePointer(multipliers.start),
        residual: call.residual.map { $0 + pixel * call.residualStride }, residualStride: call.residualStride,
        output: output, outputStride: call.outputStride, memory: output))
  }
}
