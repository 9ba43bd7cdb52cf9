// One JPEG to one tensor: the stages in order.

import Streams

/// The options for every image.
struct ImageOptions: Equatable, Sendable {
  var geometry = Geometry.imageNet
  var filter = ResampleFilter.bilinear
  var format = TensorFormat()
  var jpeg = JPEGDecoder.Options()
  /// Decode at the least of the decoder's scales that is still twice the target.
  var fast = false
  var ignoresOrientation = false
}

/// A finished tensor: an .npy file in two parts.
struct Tensor: Equatable, Sendable {
  let header: [UInt8]
  let data: [UInt8]
}

/// Decodes image after image on one thread, in the same memory.
final class ImageDecoder {
  private let options: ImageOptions
  private let decoder: JPEGDecoder
  private let resizer: Resizer
  private let stored = PixelBuffer()
  private let kept = PixelBuffer()

  init(_ options: ImageOptions) {
    self.options = options
    decoder = JPEGDecoder(options: options.jpeg)
    resizer = Resizer(filter: options.filter)
  }

  /// - Parameter bytes: a whole JPEG.
  /// - Throws: `DecodeError` for what is wrong with the image, `SystemError` when memory cannot be allocated.
  func decode(_ bytes: [UInt8]) throws -> Tensor {
    let header = try JPEGHeader(bytes)
    let orientation = options.ignoresOrientation ? .upright : header.orientation
    let plan = options.geometry.plan(for: orientation.upright(header.size))
    guard plan.output.pixelCount <= options.jpeg.maximumPixels else {
      throw DecodeError.outputTooLarge(plan.output, limit: options.jpeg.maximumPixels)
    }
    let target = orientation.transposed ? plan.resized.transposed : plan.resized
    let scale = options.fast ? FastScale.choose(for: header.size, target: target) : 8
    let otherMemory = bytes.count + memory(orientation.upright(JPEGDecoder.scaled(header.size, by: scale)), plan)
    // (stored height, stored width, 4)
    try decoder.decode(bytes, header, scale: scale, otherMemory: otherMemory, into: stored)
    if options.format.isGray { Grayscale.convert(stored) }
    try resizer.resize(stored, orientation: orientation, plan: plan, into: kept)  // (kept height, kept width, 4)
    let data = options.format.data(kept, plan)  // (height, width, 3) or (3, height, width)
    return Tensor(header: options.format.header(plan.output).encoded, data: data)
  }

  /// Bytes at most that resizing an upright image and making its tensor take: the image between the two passes, the
  /// kept pixels, twice where they are turned, and the tensor.
  private func memory(_ upright: Size, _ plan: Plan) -> Int {
    let between =
      upright == plan.resized
      ? 0 : max(upright.width * plan.output.height, plan.output.width * upright.height) * PixelBuffer.bytesPerPixel
    return between + plan.output.pixelCount * (2 * PixelBuffer.bytesPerPixel + options.format.bytesPerPixel)
  }
}

/// How far an image may be reduced while it is decoded.
enum FastScale {
  /// The least of the decoder's scales whose size is at least twice the target on both sides; 8 where none is.
  ///
  /// Twice leaves the antialiasing filter enough samples; it is also where Pillow's `thumbnail` stops (`reducing_gap`).
  static func choose(for size: Size, target: Size) -> Int {
    JPEGDecoder.scales.first { scale in
      let scaled = JPEGDecoder.scaled(size, by: scale)
      return scaled.width >= 2 * target.width && scaled.height >= 2 * target.height
    } ?? 8
  }
}
