// Convolution whose groups lie within a vector of channels, over a copy of the input that carries its padding.

internal import KernelTemplates

/// Depthwise convolution, and grouped convolution of 2, 4 or 8 channels a group where a vector holds more: a vector holds neighbouring output
/// channels, and each input vector is permuted so that every channel finds its group's inputs in its own lane. As a matrix product such
/// a group would fill a small part of a panel.
struct ChannelwiseConvolution: ConvolutionAlgorithm {
  let shape: ConvolutionShape
  let name: String
  private let kernels: KernelTable
  private let threads: Int
  private let taps: Int
  private let parts: Int
  /// (vectors, kernelHeight, parts, groupInputs, taps, width)
  private let weights: TypedBuffer<Float>
  /// (vectors, width)
  private let bias: TypedBuffer<Float>
  /// (groupInputs, width)
  private let orders: TypedBuffer<Int32>
  private let vectors: Int
  /// Vectors of channels that a task copies and computes, and how many output rows.
  private let taskVectors: Int
  private let taskRows: Int
  /// Pixels of a row of the copy, and outputs rounded up to whole tiles.
  private let paddedWidth: Int
  private let roundedWidth: Int

  /// The taps of a step for kernels of this width; nil where no supported number of taps divides it.
  private static func taps(_ shape: ConvolutionShape) -> Int? {
    let possible = shape.groupInputs > 1 ? [3, 1] : [7, 5, 3]
    return possible.first { shape.kernelWidth % $0 == 0 && ($0 > 1 || shape.kernelWidth == 1) }
  }

  /// Whether vectors of `width` floats can compute `shape`.
  static func applies(to shape: ConvolutionShape, width: Int) -> Bool {
    let inputs = shape.groupInputs
    return shape.groups > 1 && inputs == shape.groupOutputs && (inputs == 1 || inputs < width && width % inputs == 0)
      && shape.dilationWidth == 1 && shape.strideWidth <= 2 && taps(shape) != nil
  }

  init(
    shape: ConvolutionShape, weights: ConvolutionWeights, bias: UnsafePointer<Float>?, kernels: KernelTable,
    pool: ThreadPool
  ) {
    self.shape = shape
    self.kernels = kernels
    threads = pool.threads
    name = shape.groupInputs == 1 ? "depthwise" : "grouped"
    let (width, inputs) = (kernels.width, shape.groupInputs)
    let taps = Self.taps(shape) ?? 1
    self.taps = taps
    parts = shape.kernelWidth / taps
    let vectors = (shape.outChannels + width - 1) / width
    self.vectors = vectors
    let kernelPositions = shape.kernelHeight * shape.kernelWidth
    let packed = TypedBuffer<Float>(repeating: 0, count: vectors * kernelPositions * inputs * width)
    for channel in 0..<shape.outChannels {
      let factor = weights.factor(channel)
      let (vector, lane) = channel.quotientAndRemainder(dividingBy: width)
      for input in 0..<inputs {
        let from = weights.start + channel * weights.outputStep + input * weights.inputStep
        for position in 0..<kernelPositions {
          let (part, tap) = position.quotientAndRemainder(dividingBy: taps)
          packed.start[(((vector * kernelPositions / taps + part) * inputs + input) * taps + tap) * width + lane] =
            from[position] * factor
        }
      }
    }
    self.weights = packed
    self.bias = packedBias(bias, groups: 1, columns: shape.outChannels, panelWidth: width)
    orders = TypedBuffer(repeating: 0, count: inputs * width)
    for input in 0..<inputs {
      for lane in 0..<width { orders.start[input * width + lane] = Int32(lane / inputs * inputs + input) }
    }
    roundedWidth = (shape.outWidth + 3) / 4 * 4
    paddedWidth = (roundedWidth - 1) * shape.strideWidth + shape.kernelWidth
    taskVectors = min(vectors, 2)
    let rowFloats = paddedWidth * taskVectors * width
    let rows = (Self.copyFloats / rowFloats - Self.span(shape)) / shape.strideHeight + 1
    taskRows = min(shape.outHeight, max(1, rows))
  }

  /// What a task copies stays in L2.
  private static let copyFloats = 48 << 10

  /// Input rows that one output row sees.
  private static func span(_ shape: ConvolutionShape) -> Int { (shape.kernelHeight - 1) * shape.dilationHeight + 1 }

  private var taskFloats: Int { taskVectors * kernels.width }
  private var copyRows: Int { (taskRows - 1) * shape.strideHeight + Self.span(shape) }
  private var workerFloats: Int { wholeLines((copyRows * paddedWidth + roundedWidth) * taskFloats) }
  var scratchFloats: Int { threads * workerFloats }

  func run(_ call: ConvolutionCall) {
    precondition(call.pool.threads <= threads)
    let parts = (vectors + taskVectors - 1) / taskVectors
    let bands = (shape.outHeight + taskRows - 1) / taskRows
    call.pool.run(tasks: call.batch * parts * bands) { task, worker in
      let (rest, band) = task.quotientAndRemainder(dividingBy: bands)
      let (image, part) = rest.quotientAndRemainder(dividingBy: parts)
      let rows = band * taskRows..<min((band + 1) * taskRows, shape.outHeight)
      compute(
        call, image: image, vectors: part * taskVectors..<min((part + 1) * taskVectors, vectors), rows: rows,
        memory: call.scratch + worker * workerFloats)
    }
  }

  /// Some output rows of some vectors of channels.
  private func compute(
    _ call: ConvolutionCall, image: Int, vectors range: Range<Int>, rows: Range<Int>,
    memory: UnsafeMutablePointer<Float>
  ) {
    let firstChannel = range.lowerBound * kernels.width
    let channels = min(taskFloats, shape.outChannels - firstChannel)
    let inputRows = self.inputRows(rows)
    let input = call.input + image * shape.inHeight * shape.inWidth * call.inputStride + firstChannel
    copy(inputRows, channels, input, call.inputStride, to: memory)
    let buffer = memory + copyRows * paddedWidth * taskFloats
    let isWhole = channels == range.count * kernels.width
    // Otherwise a row goes through `buffer`, which holds whole tiles of whole vectors.
    let isDirect =
      isWhole && call.residual == nil && !call.activation.needsPass && (shape.outWidth >= 4)
    let bounds = call.activation.bounds
    for y in rows {
      let pixel = (image * shape.outHeight + y) * shape.outWidth
      let output = call.output + pixel * call.outputStride + firstChannel
      let (firstKernelRow, kernelRows) = self.kernelRows(y)
      let top = y * shape.strideHeight - shape.padTop + firstKernelRow * shape.dilationHeight - inputRows.lowerBound
      for vector in range {
        let lane = (vector - range.lowerBound) * kernels.width
        let stepFloats = self.parts * shape.groupInputs * taps * kernels.width
        let row = ChannelwiseRow(
          input: UnsafePointer(memory) + (kernelRows > 0 ? top : 0) * paddedWidth * taskFloats + lane,
          pixelStride: taskFloats, rowStep: shape.dilationHeight * paddedWidth * taskFloats, kernelRows: kernelRows,
          parts: self.parts, groupInputs: shape.groupInputs, orders: UnsafePointer(orders.start),
          weights: UnsafePointer(weights.start) + (vector * shape.kernelHeight + firstKernelRow) * stepFloats,
          bias: UnsafePointer(bias.start) + vector * kernels.width,
          outWidth: isDirect ? shape.outWidth : roundedWidth, output: (isDirect ? output : buffer) + lane,
          outputStride: isDirect ? call.outputStride : taskFloats, low: isDirect ? bounds.low : -.infinity,
          high: isDirect ? bounds.high : .infinity)
        withUnsafePointer(to: row) { kernels.channelwiseRow(taps, shape.strideWidth, $0) }
      }
      if !isDirect {
        let residual = call.residual.map { $0 + pixel * call.residualStride + firstChannel }
        finish(call, buffer, channels, residual, output)
      }
    }
  }

  /// The input rows that output rows see, those outside left out.
  private func inputRows(_ rows: Range<Int>) -> Range<Int> {
    let first = max(0, rows.lowerBound * shape.strideHeight - shape.padTop)
    let end = (rows.upperBound - 1) * shape.strideHeight - shape.padTop + Self.span(shape)
    return min(first, shape.inHeight)..<max(min(first, shape.inHeight), min(end, shape.inHeight))
  }

  /// The first kernel row inside the input at output row `y`, and how many are inside.
  private func kernelRows(_ y: Int) -> (first: Int, count: Int) {
    let top = y * shape.strideHeight - shape.padTop
    let first = top >= 0 ? 0 : (-top + shape.dilationHeight - 1) / shape.dilationHeight
    let end = max(0, (shape.inHeight - top + shape.dilationHeight - 1) / shape.dilationHeight)
    let count = max(0, min(shape.kernelHeight, end) - first)
    return (count > 0 ? first : 0, count)
  }

  /// Copies rows of the input, each with zeros on both sides.
  private func copy(
    _ rows: Range<Int>, _ channels: Int, _ input: UnsafePointer<Float>, _ inputStride: Int,
    to memory: UnsafeMutablePointer<Float>
  ) {
    let inside = max(0, min(shape.inWidth, paddedWidth - shape.padLeft))
    for row in rows {
      let to = memory + (row - rows.lowerBound) * paddedWidth * taskFloats
      let left = min(shape.padLeft, paddedWidth)
      to.update(repeating: 0, count: left * taskFloats)
      kernels.copyPixels(
        inside, channels, input + row * shape.inWidth * inputStride, inputStride, to + left * taskFloats, taskFloats)
      (to + (left + inside) * taskFloats).update(repeating: 0, count: (paddedWidth - left - inside) * taskFloats)
    }
  }

  /// Adds the residual to a row in `buffer`, applies the activation and copies it to where it belongs.
  private func finish(
    _ call: ConvolutionCall, _ buffer: UnsafeMutablePointer<Float>, _ channels: Int, _ residual: UnsafePointer<Float>?,
    _ output: UnsafeMutablePointer<Float>
  ) {
    if let residual {
      for x in 0..<shape.outWidth {
        let pixel = buffer + x * taskFloats
        kernels.addRun(channels, pixel, residual + x * call.residualStride, pixel, -.infinity, .infinity)
      }
    }
    if call.activation != .none {
      kernels.activateRun(call.activation.vector, shape.outWidth * taskFloats, buffer, buffer)
    }
    for x in 0..<shape.outWidth {
      let (from, to) = (buffer + x * taskFloats, output + x * call.outputStride)
      kernels.copyRun(channels, from, to)
    }
  }
}
