// A copy of a convolution's input in another form: with its padding, in another element type, or of the pixels that are read alone.

/// How the input of a convolution is copied before it is read.
struct InputCopy {
  /// What of the input the copy holds.
  enum Extent {
    case whole
    /// With the padding around it: so a kernel row is one run of memory.
    case padded
    /// The pixels that a 1×1 convolution without padding reads.
    case sampled
  }

  private let shape: ConvolutionShape
  let extent: Extent

  init(_ shape: ConvolutionShape, _ extent: Extent) {
    self.shape = shape
    self.extent = extent
  }

  /// Of the copy, in pixels.
  var width: Int {
    switch extent {
    case .whole: shape.inWidth
    case .padded: shape.inWidth + shape.padLeft + shape.padRight
    case .sampled: shape.outWidth
    }
  }
  var height: Int {
    switch extent {
    case .whole: shape.inHeight
    case .padded: shape.inHeight + shape.padTop + shape.padBottom
    case .sampled: shape.outHeight
    }
  }
  /// Elements of one image.
  var count: Int { height * width * shape.inChannels }

  /// Writes (batch, height, width, channels) to `to`, contiguous.
  ///
  /// - Parameters:
  ///   - input: pixels `stride` elements apart.
  ///   - outside: what stands for a pixel outside the input.
  ///   - convert: writes so many elements, given in one run, to another.
  func make<From, To>(
    batch: Int, input: UnsafePointer<From>, stride: Int, to: UnsafeMutablePointer<To>, outside: To, pool: ThreadPool,
    convert: (Int, UnsafePointer<From>, UnsafeMutablePointer<To>) -> Void
  ) {
    let rowElements = width * shape.inChannels
    let rows = batch * height
    let chunk = max(1, 16384 / max(1, rowElements))
    pool.run(tasks: (rows + chunk - 1) / chunk) { task in
      for row in task * chunk..<min(rows, (task + 1) * chunk) {
        copyRow(
          row % height, of: input + row / height * shape.inHeight * shape.inWidth * stride, stride: stride,
          to: to + row * rowElements, outside: outside, convert: convert)
      }
    }
  }

  /// Row `y` of the copy of the image `input`.
  func copyRow<From, To>(
    _ y: Int, of input: UnsafePointer<From>, stride: Int, to: UnsafeMutablePointer<To>, outside: To,
    convert: (Int, UnsafePointer<From>, UnsafeMutablePointer<To>) -> Void
  ) {
    let channels = shape.inChannels
    let (top, left) = extent == .padded ? (shape.padTop, shape.padLeft) : (0, 0)
    let (down, across) = extent == .sampled ? (shape.strideHeight, shape.strideWidth) : (1, 1)
    let row = y * down - top
    guard row >= 0, row < shape.inHeight else {
      to.update(repeating: outside, count: width * channels)
      return
    }
    to.update(repeating: outside, count: left * channels)
    let start = to + left * channels
    let from = input + row * shape.inWidth * stride
    let pixels = extent == .sampled ? width : shape.inWidth
    if stride == channels && across == 1 {
      convert(pixels * channels, from, start)
    } else {
      for x in 0..<pixels { convert(channels, from + x * across * stride, start + x * channels) }
    }
    let end = left + pixels
    (to + end * channels).update(repeating: outside, count: (width - end) * channels)
  }
}
