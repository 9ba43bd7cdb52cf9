// The left side of a product of bytes as its tiles can read it: unsigned, at least four bytes a run, kernel rows joined where channels are few.

internal import KernelTemplates

/// How a convolution reads its input: where it lies, or from a copy.
struct QuantizedSource {
  private let input: ByteQuantization
  private let copy: InputCopy
  /// Whether a copy is read: padded, or because bytes are in two's complement, or because four bytes are read where a run has fewer.
  private let isCopied: Bool
  private let channels: Int

  init(_ shape: ConvolutionShape, input: ByteQuantization) {
    let joinsRows = shape.groups == 1 && shape.inChannels <= 16 && shape.kernelWidth > 1 && shape.dilationWidth == 1
    self.init(shape, input: input, isPadded: joinsRows, isCopied: input.isSigned || shape.groupInputs < 4)
  }

  /// For a depthwise convolution: with the padding, and unsigned.
  init(depthwise shape: ConvolutionShape, input: ByteQuantization) {
    let isPadded = shape.padTop + shape.padLeft + shape.padBottom + shape.padRight > 0
    self.init(shape, input: input, isPadded: isPadded, isCopied: input.isSigned)
  }

  private init(_ shape: ConvolutionShape, input: ByteQuantization, isPadded: Bool, isCopied: Bool) {
    self.input = input
    copy = InputCopy(shape, isPadded ? .padded : .whole)
    self.isCopied = isCopied || isPadded
    channels = shape.inChannels
  }

  /// Whether the copy carries the padding, and a kernel row is one run.
  var isPadded: Bool { copy.extent == .padded }
  /// Of the input as it is read, in pixels.
  var width: Int { copy.width }
  var height: Int { copy.height }

  /// The copy, and three bytes that may be read after it.
  func scratchBytes(maxBatch: Int) -> Int { isCopied ? maxBatch * copy.count + 3 : 0 }

  /// Pixels `stride` bytes apart.
  struct Prepared {
    var start: UnsafePointer<UInt8>
    var stride: Int
  }

  func prepare(_ call: QuantizedCall, scratch: UnsafeMutablePointer<UInt8>) -> Prepared {
    guard isCopied else { return Prepared(start: call.input, stride: call.inputStride) }
    let pattern = input.input.flip
    copy.make(
      batch: call.batch, input: call.input, stride: call.inputStride, to: scratch, outside: input.unsignedZero,
      pool: call.pool
    ) { count, from, to in
      for i in 0..<count { to[i] = from[i] ^ pattern }
    }
    (scratch + call.batch * copy.count).initialize(repeating: 0, count: 3)
    return Prepared(start: UnsafePointer(scratch), stride: channels)
  }
}
