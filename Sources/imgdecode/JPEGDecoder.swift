// Compressed data to pixels, through libjpeg. The only file that knows the library.

import CJPEG
import Glibc
import Streams

/// Decodes images, each by itself: nothing is kept from one to the next.
struct JPEGDecoder: Sendable {
  struct Options: Equatable, Sendable {
    /// Accept pixels from data that is damaged or ends early.
    var lenient = false
    /// At most this many pixels, as stored.
    var maximumPixels = 178_956_970
  }

  /// Eighths of the full size at which the decoder works fast; 8 is all of it.
  ///
  /// The library can do all from 1 to 16, but at the others it has no SIMD code and is slower than at the next of these.
  static let scales = [1, 2, 4, 8]

  private static let maximumScans = 500

  let options: Options

  /// The size of an image decoded at `scale` eighths.
  static func scaled(_ size: Size, by scale: Int) -> Size {
    Size(width: (size.width * scale + 7) / 8, height: (size.height * scale + 7) / 8)
  }

  /// Decodes with the accurate inverse DCT and smooth chroma upsampling.
  ///
  /// - Parameters:
  ///   - bytes: a whole JPEG.
  ///   - header: what `JPEGHeader` found in the same bytes.
  ///   - scale: eighths of the full size, in `scales`.
  ///   - pixels: reshaped to the scaled size and filled; undefined where this throws.
  /// - Throws: `DecodeError`, or `SystemError` when there is no memory.
  func decode(_ bytes: [UInt8], _ header: JPEGHeader, scale: Int, into pixels: PixelBuffer) throws {
    guard header.size.pixelCount <= options.maximumPixels else {
      throw DecodeError.tooManyPixels(header.size, limit: options.maximumPixels)
    }
    let scans = header.hasMultipleScans ? JPEGScans(bytes) : nil
    guard (scans?.count ?? 1) <= Self.maximumScans else { throw DecodeError.tooManyScans }
    try pixels.reshape(to: Self.scaled(header.size, by: scale))
    let request = unsafe JPEGRequest(
      bytes: nil, byteCount: 0, width: UInt32(header.size.width), height: UInt32(header.size.height),
      componentCount: Int32(header.componentCount), hasMultipleScans: header.hasMultipleScans, scale: UInt32(scale),
      lenient: options.lenient, maximumScans: UInt32(Self.maximumScans), maximumMemory: Int.max,
      pixels: pixels.base.assumingMemoryBound(to: UInt8.self), bytesPerRow: pixels.bytesPerRow)
    try unsafe Self.run(request, bytes.prefix(scans?.wholeBytes ?? bytes.count))
    if header.componentCount == 4 { CMYK.convert(pixels) }
  }

  /// Runs the library on the bytes and turns its outcome into an error.
  private static func run(_ request: JPEGRequest, _ bytes: ArraySlice<UInt8>) throws {
    var result = JPEGResult()
    unsafe bytes.withUnsafeBufferPointer { bytes in
      var request = unsafe request
      unsafe request.bytes = bytes.baseAddress
      unsafe request.byteCount = bytes.count
      unsafe JPEGDecode(&request, &result)
    }
    switch result.outcome {
    case JPEG_DECODED: return
    case JPEG_TRUNCATED: throw DecodeError.truncated
    case JPEG_UNSUPPORTED: throw DecodeError.unsupported("JPEG that the decoder refuses (\(message(result)))")
    case JPEG_TOO_MANY_SCANS: throw DecodeError.tooManyScans
    case JPEG_TOO_MUCH_MEMORY, JPEG_OUT_OF_MEMORY:
      throw SystemError(code: ENOMEM, operation: "allocate", object: "memory to decode a JPEG")
    case JPEG_HEADERS_DISAGREE: throw DecodeError.corrupt("a frame header that can be read in two ways")
    default: throw DecodeError.corrupt(message(result))
    }
  }

  /// The library's words, which end at the first zero byte.
  private static func message(_ result: JPEGResult) -> String {
    let words = unsafe withUnsafeBytes(of: result.message) {
      unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    let prefix = "Corrupt JPEG data: "
    return words.hasPrefix(prefix) ? String(words.dropFirst(prefix.count)) : words
  }
}
