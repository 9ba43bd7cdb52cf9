// The left side of a product of bytes as its tiles can read it: unsigned, at least one group of bytes a run, kernel rows joined where channels are few.

internal import KernelTemplates

/// How a convolution reads its input: where it lies, or from a copy.
struct QuantizedSource {
  private let input: ByteQuantization
  private let copy: InputCopy
  /// Whether a copy is read: padded, or because bytes are in two's complement, or because a run has fewer bytes than a step reads.
  private let isCopied: Bool
  private let channels: Int
  /// Bytes after the copy that may be read.
  private let overread: Int

  /// - Parameter depthGroup: bytes of a row that one step of the product reads.
  init(_ shape: ConvolutionShape, input: ByteQuantization, depthGroup: Int) {
    let joinsRows = shape.groups == 1 && shape.inChannels <= 16 && shape.kernelWidth > 1 && shape.dilationWidth == 1
    self.input = input
    copy = InputCopy(shape, joinsRows ? .padded : .whole)
    isCopied = joinsRows || input.isSigned || shape.groupInputs < depthGroup
    channels = shape.inChannels
    overread = depthGroup - 1
  }

  /// Whether the copy carries the padding, and a kernel row is one run.
  var isPadded: Bool { copy.extent == .padded }
  /// Of the input as it is read, in pixels.
  var width: Int { copy.width }
  var height: Int { copy.height }

  /// The copy, and the bytes after it that may be read.
  func scratchBytes(maxBatch: Int) -> Int { isCopied ? maxBatch * copy.count + overread : 0 }

  /// Pixels `stride` bytes apart.
  struct Prepared {
    var start: UnsafePointer<UInt8>
    var stride: Int
  }

  func prepare(_ call: QuantizedCall, scratch: UnsafeMutablePointer<UInt8>) -> Prepared {
    guard isCopied else { return Prepared(start: call.input, stride: call.inputStride) }
    copy.make(
      batch: call.batch, input: call.input, stride: call.inputStride, to: scratch, outside: input.unsignedZero,
      pool: call.pool, convert: input.copyUnsigned)
    (scratch + call.batch * copy.count).initialize(repeating: 0, count: overread)
    return Prepared(start: UnsafePointer(scratch), stride: channels)
  }
}
