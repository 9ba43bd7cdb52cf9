// The input of a depthwise convolution of bytes, a few output rows at a time: with its padding, and unsigned.

/// How output rows read their input: where it lies, or from a copy of the input rows that a few output rows need, which stays in L2.
struct DepthwiseRows {
  private let shape: ConvolutionShape
  private let input: ByteQuantization
  private let copy: InputCopy
  private let isCopied: Bool
  private let threads: Int
  /// Output rows of a task.
  private let taskRows: Int

  init(_ shape: ConvolutionShape, input: ByteQuantization, threads: Int) {
    self.shape = shape
    self.input = input
    self.threads = threads
    copy = InputCopy(shape, .padded)
    isCopied = input.isSigned || shape.padTop + shape.padLeft + shape.padBottom + shape.padRight > 0
    let rowBytes = copy.width * shape.inChannels * shape.strideHeight
    let balanced = threads == 1 ? shape.outHeight : (shape.outHeight + 4 * threads - 1) / (4 * threads)
    taskRows = max(1, min(balanced, Self.copyBytes / max(1, rowBytes)))
  }

  /// A copy of about so many bytes leaves space in L2 for what is written.
  private static let copyBytes = 128 << 10

  /// Input rows that `count` output rows read.
  private func inputRows(_ count: Int) -> Int {
    (count - 1) * shape.strideHeight + (shape.kernelHeight - 1) * shape.dilationHeight + 1
  }

  private var workerBytes: Int { wholeLineBytes(inputRows(taskRows) * copy.width * shape.inChannels) }
  var scratchBytes: Int { isCopied ? 64 + threads * workerBytes : 0 }

  /// What one output row reads: its first window's first pixel, rows of `width` pixels, pixels `stride` bytes apart.
  struct Row {
    var start: UnsafePointer<UInt8>
    var width: Int
    var stride: Int
  }

  /// Calls `body` with the image, the number and the input of every output row, on the call's threads.
  func forEachRow(_ call: QuantizedCall, _ body: (_ image: Int, _ y: Int, Row) -> Void) {
    precondition(call.pool.threads <= threads)
    let tasks = (shape.outHeight + taskRows - 1) / taskRows
    let memory = call.scratch.alignedUp(toMultipleOf: 64).assumingMemoryBound(to: UInt8.self)
    call.pool.run(tasks: call.batch * tasks) { task, worker in
      let image = task / tasks
      let first = task % tasks * taskRows
      let plane = call.input + image * shape.inHeight * shape.inWidth * call.inputStride
      var row = Row(start: plane, width: shape.inWidth, stride: call.inputStride)
      if isCopied {
        let scratch = memory + worker * workerBytes
        row = Row(start: UnsafePointer(scratch), width: copy.width, stride: shape.inChannels)
        copyRows(first..<min(first + taskRows, shape.outHeight), of: plane, call, to: scratch)
      } else {
        row.start += first * shape.strideHeight * row.width * row.stride
      }
      for y in first..<min(first + taskRows, shape.outHeight) {
        body(image, y, row)
        row.start += shape.strideHeight * row.width * row.stride
      }
    }
  }

  /// Copies the input rows that the output rows `rows` read.
  private func copyRows(
    _ rows: Range<Int>, of plane: UnsafePointer<UInt8>, _ call: QuantizedCall, to scratch: UnsafeMutablePointer<UInt8>
  ) {
    let first = rows.lowerBound * shape.strideHeight
    for index in 0..<inputRows(rows.count) {
      copy.copyRow(
        first + index, of: plane, stride: call.inputStride, to: scratch + index * copy.width * shape.inChannels,
        outside: input.unsignedZero, convert: input.copyUnsigned)
    }
  }
}
