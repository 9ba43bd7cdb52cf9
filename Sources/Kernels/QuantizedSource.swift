// The left side of a product of bytes as its tiles can read it: unsigned, at least four bytes a run, kernel rows joined where channels are few.

internal import KernelTemplates

/// How a convolution reads its input: where it lies, or from a copy.
struct QuantizedSource {
  private let shape: ConvolutionShape
  private let input: ByteQuantization
  /// Whether the copy carries the padding: so a kernel row is one run, for few input channels, whose runs would be short.
  let isPadded: Bool
  /// Whether a copy is read: padded, or because bytes are in two's complement, or because four bytes are read where a run has fewer.
  private let isCopied: Bool

  init(_ shape: ConvolutionShape, input: ByteQuantization) {
    self.shape = shape
    self.input = input
    isPadded = shape.groups == 1 && shape.inChannels <= 16 && shape.kernelWidth > 1 && shape.dilationWidth == 1
    isCopied = isPadded || input.isSigned || shape.groupInputs < 4
  }

  /// For a depthwise convolution: with the padding, and unsigned.
  init(depthwise shape: ConvolutionShape, input: ByteQuantization) {
    self.shape = shape
    self.input = input
    isPadded = shape.padTop + shape.padLeft + shape.padBottom + shape.padRight > 0
    isCopied = isPadded || input.isSigned
  }

  /// Of the input as it is read, in pixels.
  var width: Int { isPadded ? shape.inWidth + shape.padLeft + shape.padRight : shape.inWidth }
  var height: Int { isPadded ? shape.inHeight + shape.padTop + shape.padBottom : shape.inHeight }

  /// The copy, and three bytes that may be read after it.
  func scratchBytes(maxBatch: Int) -> Int {
    isCopied ? maxBatch * height * width * shape.inChannels + 3 : 0
  }

  /// Pixels `stride` bytes apart.
  struct Prepared {
    var start: UnsafePointer<UInt8>
    var stride: Int
  }

  func prepare(_ call: QuantizedCall, scratch: UnsafeMutablePointer<UInt8>) -> Prepared {
    guard isCopied else { return Prepared(start: call.input, stride: call.inputStride) }
    let rowBytes = width * shape.inChannels
    let chunk = 16
    let rows = call.batch * height
    call.pool.run(tasks: (rows + chunk - 1) / chunk) { task in
      for row in task * chunk..<min(rows, (task + 1) * chunk) {
        copy(call, image: row / height, y: row % height, to: scratch + row * rowBytes)
      }
    }
    (scratch + rows * rowBytes).initialize(repeating: 0, count: 3)
    return Prepared(start: UnsafePointer(scratch), stride: shape.inChannels)
  }

  /// Row `y` of the copy.
  private func copy(_ call: QuantizedCall, image: Int, y: Int, to: UnsafeMutablePointer<UInt8>) {
    let channels = shape.inChannels
    let (top, left) = isPadded ? (shape.padTop, shape.padLeft) : (0, 0)
    let inside = (y - top) >= 0 && (y - top) < shape.inHeight
    guard inside else {
      to.update(repeating: input.unsignedZero, count: width * channels)
      return
    }
    to.update(repeating: input.unsignedZero, count: left * channels)
    let from = call.input + (image * shape.inHeight + y - top) * shape.inWidth * call.inputStride
    let start = to + left * channels
    if call.inputStride == channels {
      flip(from, shape.inWidth * channels, start)
    } else {
      for x in 0..<shape.inWidth { flip(from + x * call.inputStride, channels, start + x * channels) }
    }
    let end = left + shape.inWidth
    (to + end * channels).update(repeating: input.unsignedZero, count: (width - end) * channels)
  }

  private func flip(_ from: UnsafePointer<UInt8>, _ count: Int, _ to: UnsafeMutablePointer<UInt8>) {
    let pattern = input.input.flip
    for i in 0..<count { to[i] = from[i] ^ pattern }
  }
}
