// Convolution whose groups lie within a vector of channels, over a copy of the input that carries its padding.

internal import KernelTemplates

/// Depthwise convolution, and grouped convolution of 2, 4 or 8 channels a group where a vector holds more: a vector holds neighbouring output
/// channels, and each input vector is permuted so that every channel finds its group's inputs in its own lane. As a matrix product such
/// a group would fill a small part of a panel.
struct ChannelwiseConvolution: ConvolutionAlgorithm {
  let name: String
  private let rows: ChannelwiseRows
  private let threads: Int
  /// Output rows of a task.
  private let taskRows: Int

  /// Whether vectors of `width` floats can compute `shape`.
  static func applies(to shape: ConvolutionShape, width: Int) -> Bool { ChannelwiseRows.apply(to: shape, width: width) }

  init(
    shape: ConvolutionShape, weights: ConvolutionWeights, bias: UnsafePointer<Float>?, kernels: KernelTable,
    pool: ThreadPool
  ) {
    rows = ChannelwiseRows(shape, weights: weights, bias: bias, kernels: kernels)
    threads = pool.threads
    name = shape.groupInputs == 1 ? "depthwise" : "grouped"
    let copied = (Self.copyFloats / rows.rowFloats - rows.span) / shape.strideHeight + 1
    taskRows = min(shape.outHeight, max(1, copied))
  }

  /// What a task copies stays in L2.
  private static let copyFloats = 48 << 10

  private var copyRows: Int { (taskRows - 1) * rows.shape.strideHeight + rows.span }
  private var workerFloats: Int { wholeLines(copyRows * rows.rowFloats + rows.bufferFloats) }
  var scratchFloats: Int { threads * workerFloats }

  func run(_ call: ConvolutionCall) {
    precondition(call.pool.threads <= threads)
    let shape = rows.shape
    let bands = (shape.outHeight + taskRows - 1) / taskRows
    call.pool.run(tasks: call.batch * rows.parts * bands) { task, worker in
      let (rest, band) = task.quotientAndRemainder(dividingBy: bands)
      let (image, part) = rest.quotientAndRemainder(dividingBy: rows.parts)
      let memory = call.scratch + worker * workerFloats
      let outputs = band * taskRows..<min((band + 1) * taskRows, shape.outHeight)
      let inputs = rows.inputRows(outputs)
      copy(call, image: image, part: part, inputs, to: memory)
      for y in outputs {
        rows.compute(
          call, image: image, y: y, part: part, rows: UnsafePointer(memory), firstRow: inputs.lowerBound,
          buffer: memory + copyRows * rows.rowFloats)
      }
    }
  }

  /// Copies input rows of a part, with their padding.
  private func copy(
    _ call: ConvolutionCall, image: Int, part: Int, _ inputs: Range<Int>, to memory: UnsafeMutablePointer<Float>
  ) {
    let (shape, channels) = (rows.shape, rows.channels(part))
    let input = call.input + image * shape.inHeight * shape.inWidth * call.inputStride + channels.lowerBound
    for y in inputs {
      let row = memory + (y - inputs.lowerBound) * rows.rowFloats
      rows.pad(row)
      rows.kernels.copyPixels(
        rows.insideWidth, channels.count, input + y * shape.inWidth * call.inputStride, call.inputStride,
        rows.start(row), rows.partFloats)
    }
  }
}
