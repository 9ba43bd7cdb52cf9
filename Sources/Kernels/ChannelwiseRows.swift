// The rows of a convolution whose groups lie within a vector of channels, from input rows that carry their padding.

internal import KernelTemplates

/// Geometry and weights of such a convolution. Channels are computed in parts of one or two vectors; a part's input rows are
/// (paddedWidth, partFloats) each, zeros where the input is padded.
struct ChannelwiseRows: Sendable {
  let shape: ConvolutionShape
  let kernels: KernelTable
  /// Pixels of an input row with its padding.
  let paddedWidth: Int
  private let taps: Int
  private let runs: Int
  /// (vectors, kernelHeight, runs, groupInputs, taps, width)
  private let weights: TypedBuffer<Float>
  /// (vectors, width)
  private let bias: TypedBuffer<Float>
  /// (groupInputs, width)
  private let orders: TypedBuffer<Int32>
  private let vectors: Int
  private let partVectors: Int
  /// Outputs of a row, rounded up to whole tiles.
  private let roundedWidth: Int

  /// The taps of a step for kernels of this width; nil where no supported number of taps divides it.
  private static func taps(_ shape: ConvolutionShape) -> Int? {
    let possible = shape.groupInputs > 1 ? [3, 1] : [7, 5, 3]
    return possible.first { shape.kernelWidth % $0 == 0 && ($0 > 1 || shape.kernelWidth == 1) }
  }

  /// Whether vectors of `width` floats can compute `shape`.
  static func apply(to shape: ConvolutionShape, width: Int) -> Bool {
    let inputs = shape.groupInputs
    return shape.groups > 1 && inputs == shape.groupOutputs && (inputs == 1 || inputs < width && width % inputs == 0)
      && shape.dilationWidth == 1 && shape.strideWidth <= 2 && taps(shape) != nil
  }

  init(
    _ shape: ConvolutionShape, weights: ConvolutionWeights, bias: UnsafePointer<Float>?, kernels: KernelTable
  ) {
    self.shape = shape
    self.kernels = kernels
    let (width, inputs) = (kernels.width, shape.groupInputs)
    let taps = Self.taps(shape) ?? 1
    self.taps = taps
    runs = shape.kernelWidth / taps
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
          let (run, tap) = position.quotientAndRemainder(dividingBy: taps)
          packed.start[(((vector * kernelPositions / taps + run) * inputs + input) * taps + tap) * width + lane] =
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
    partVectors = min(vectors, 2)
  }

  /// How many parts there are.
  var parts: Int { (vectors + partVectors - 1) / partVectors }
  /// Floats of one pixel of a part.
  var partFloats: Int { partVectors * kernels.width }
  /// Floats of one input row of a part.
  var rowFloats: Int { paddedWidth * partFloats }
  /// Floats that `compute` needs for an output row.
  var bufferFloats: Int { roundedWidth * partFloats }
  /// Input rows that one output row sees.
  var span: Int { (shape.kernelHeight - 1) * shape.dilationHeight + 1 }
  /// The pixels of an input row that any window sees.
  var insideWidth: Int { max(0, min(shape.inWidth, paddedWidth - shape.padLeft)) }

  /// The channels of a part.
  func channels(_ part: Int) -> Range<Int> { part * partFloats..<min((part + 1) * partFloats, shape.outChannels) }

  /// The input rows that output rows see, those outside left out.
  func inputRows(_ rows: Range<Int>) -> Range<Int> {
    let first = max(0, rows.lowerBound * shape.strideHeight - shape.padTop)
    let end = (rows.upperBound - 1) * shape.strideHeight - shape.padTop + span
    return min(first, shape.inHeight)..<max(min(first, shape.inHeight), min(end, shape.inHeight))
  }

  /// Zeros on both sides of an input row of a part.
  func pad(_ row: UnsafeMutablePointer<Float>) {
    let left = min(shape.padLeft, paddedWidth)
    row.update(repeating: 0, count: left * partFloats)
    let inside = left + insideWidth
    (row + inside * partFloats).update(repeating: 0, count: (paddedWidth - inside) * partFloats)
  }

  /// Where an input row of a part has its first pixel.
  func start(_ row: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float> {
    row + min(shape.padLeft, paddedWidth) * partFloats
  }

  /// A part of output row `y` of image `image`.
  ///
  /// - Parameters:
  ///   - rows: input rows from `firstRow`, all that the output row sees.
  ///   - buffer: `bufferFloats` floats, contents free before and after.
  func compute(
    _ call: ConvolutionCall, image: Int, y: Int, part: Int, rows: UnsafePointer<Float>, firstRow: Int,
    buffer: UnsafeMutablePointer<Float>
  ) {
    let range = channels(part)
    let pixel = (image * shape.outHeight + y) * shape.outWidth
    let output = call.output + pixel * call.outputStride + range.lowerBound
    // Otherwise the row goes through `buffer`, which holds whole tiles of whole vectors.
    let isDirect = call.residual == nil && !call.activation.needsPass && shape.outWidth >= 4
    let bounds = call.activation.bounds
    let (firstKernelRow, kernelRows) = self.kernelRows(y)
    let top = y * shape.strideHeight - shape.padTop + firstKernelRow * shape.dilationHeight - firstRow
    let width = kernels.width
    let firstVector = part * partVectors
    let stepFloats = runs * shape.groupInputs * taps * width
    for vector in firstVector..<min(firstVector + partVectors, vectors) {
      let lane = (vector - firstVector) * width
      let row = ChannelwiseRow(
        input: rows + (kernelRows > 0 ? top : 0) * rowFloats + lane, pixelStride: partFloats,
        rowStep: shape.dilationHeight * rowFloats, kernelRows: kernelRows, parts: runs, groupInputs: shape.groupInputs,
        orders: UnsafePointer(orders.start),
        weights: UnsafePointer(weights.start) + (vector * shape.kernelHeight + firstKernelRow) * stepFloats,
        bias: UnsafePointer(bias.start) + vector * width, channels: isDirect ? min(width, range.count - lane) : width,
        outWidth: isDirect ? shape.outWidth : roundedWidth, output: (isDirect ? output : buffer) + lane,
        outputStride: isDirect ? call.outputStride : partFloats, low: isDirect ? bounds.low : -.infinity,
        high: isDirect ? bounds.high : .infinity)
      withUnsafePointer(to: row) { kernels.channelwiseRow(taps, shape.strideWidth, $0) }
    }
    if !isDirect {
      let residual = call.residual.map { $0 + pixel * call.residualStride + range.lowerBound }
      finish(call, buffer, range.count, residual, output)
    }
  }

  /// The first kernel row inside the input at output row `y`, and how many are inside.
  private func kernelRows(_ y: Int) -> (first: Int, count: Int) {
    let top = y * shape.strideHeight - shape.padTop
    let first = top >= 0 ? 0 : (-top + shape.dilationHeight - 1) / shape.dilationHeight
    let end = max(0, (shape.inHeight - top + shape.dilationHeight - 1) / shape.dilationHeight)
    let count = max(0, min(shape.kernelHeight, end) - first)
    return (count > 0 ? first : 0, count)
  }

  /// Adds the residual to a row in `buffer`, applies the activation and copies it to where it belongs.
  private func finish(
    _ call: ConvolutionCall, _ buffer: UnsafeMutablePointer<Float>, _ channels: Int, _ residual: UnsafePointer<Float>?,
    _ output: UnsafeMutablePointer<Float>
  ) {
    if let residual {
      for x in 0..<shape.outWidth {
        let pixel = buffer + x * partFloats
        kernels.addRun(channels, pixel, residual + x * call.residualStride, pixel, -.infinity, .infinity)
      }
    }
    if call.activation != .none {
      kernels.activateRun(call.activation.vector, shape.outWidth * partFloats, buffer, buffer)
    }
    for x in 0..<shape.outWidth {
      let (from, to) = (buffer + x * partFloats, output + x * call.outputStride)
      kernels.copyRun(channels, from, to)
    }
  }
}
