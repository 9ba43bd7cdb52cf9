// Compressed data to pixels, through libjpeg. The only file that knows the library.

import CJPEG
import Glibc
import Streams

/// Decodes images, each by itself: nothing is kept from one to the next.
struct JPEGDecoder: Sendable {
  struct Options: Equatable, Sendable {
    /// Accept pixels from data that is damaged or ends early.
    var lenient = false
    /// At most this many pixels, as stored. Pillow's limit.
    var maximumPixels = 178_956_970
    /// At most this many scans times pixels, about four seconds' work: a scan may be a few bytes and is a pass over the
    /// whole image.
    var maximumWork = 2_500_000_000
    /// Bytes of memory that one image may take, pixels and tensor included.
    var maximumMemory = 1 << 30
  }

  /// Eighths of the full size at which the decoder works fast; 8 is all of it.
  ///
  /// The library can do all from 1 to 16, but at the others it has no SIMD code and is slower than at the next of these.
  static let scales = [1, 2, 4, 8]

  /// libjpeg's JPEG_MAX_DIMENSION.
  private static let maximumSide = 65_500
  /// More scans than any encoder writes. Each costs some time however small the image is.
  private static let maximumScans = 500

  let options: Options

  /// The size of an image decoded at `scale` eighths.
  static func scaled(_ size: Size, by scale: Int) -> Size {
    Size(width: (size.width * scale + 7) / 8, height: (size.height * scale + 7) / 8)
  }

  /// The memory that decoding takes at its peak, in bytes: the pixels, and all coefficients where they come in several
  /// scans. What the library needs for its row buffers (under 100 bytes a column and component) is not counted.
  static func memory(_ header: JPEGHeader, scale: Int) -> Int {
    scaled(header.size, by: scale).pixelCount * PixelBuffer.bytesPerPixel
      + (header.hasMultipleScans ? header.frame.coefficientBytes : 0)
  }

  /// Decodes with the accurate inverse DCT and smooth chroma upsampling.
  ///
  /// - Parameters:
  ///   - bytes: a whole JPEG.
  ///   - header: what `JPEGHeader` found in the same bytes.
  ///   - scale: eighths of the full size, in `scales`.
  ///   - otherMemory: bytes that the image takes besides.
  ///   - pixels: reshaped to the scaled size and filled; undefined where this throws.
  /// - Throws: `DecodeError`, or `SystemError` when memory cannot be allocated.
  func decode(
    _ bytes: [UInt8], _ header: JPEGHeader, scale: Int, otherMemory: Int = 0, into pixels: PixelBuffer
  ) throws {
    let scans = header.hasMultipleScans ? JPEGScans(bytes) : nil
    let needed = otherMemory + Self.memory(header, scale: scale)
    try check(header, scans: scans?.count ?? 1, memory: needed)
    try pixels.reshape(to: Self.scaled(header.size, by: scale))
    let coefficients = header.hasMultipleScans ? header.frame.coefficientBytes : 0
    let request = unsafe JPEGRequest(
      bytes: nil, byteCount: 0, width: UInt32(header.size.width), height: UInt32(header.size.height),
      componentCount: Int32(header.componentCount), hasMultipleScans: header.hasMultipleScans, scale: UInt32(scale),
      lenient: options.lenient, maximumScans: UInt32(scanLimit(header.size)),
      maximumMemory: coefficients + options.maximumMemory - needed + Self.workingMemory,
      pixels: pixels.base.assumingMemoryBound(to: UInt8.self), bytesPerRow: pixels.bytesPerRow)
    try unsafe run(request, bytes.prefix(scans?.wholeBytes ?? bytes.count))
    if header.componentCount == 4 { CMYK.convert(pixels) }
  }

  /// What the library may allocate for its row buffers: 65,500 columns of four components at full size take less.
  private static let workingMemory = 64 << 20

  private func scanLimit(_ size: Size) -> Int { min(options.maximumWork / size.pixelCount, Self.maximumScans) }

  /// Refuses what is too large before anything is decoded.
  private func check(_ header: JPEGHeader, scans: Int, memory: Int) throws(DecodeError) {
    let size = header.size
    guard size.pixelCount <= options.maximumPixels else {
      throw .tooManyPixels(size, limit: options.maximumPixels)
    }
    guard max(size.width, size.height) <= Self.maximumSide else { throw .sideTooLong(size, limit: Self.maximumSide) }
    guard scans <= Self.maximumScans else { throw .tooManyScans(scans, limit: Self.maximumScans) }
    guard scans <= scanLimit(size) else { throw .tooMuchWork(scans: scans, size, limit: options.maximumWork) }
    guard memory <= options.maximumMemory else {
      throw .tooMuchMemory(bytes: memory, limit: options.maximumMemory)
    }
  }

  /// Runs the library on the bytes and turns its outcome into an error.
  private func run(_ request: JPEGRequest, _ bytes: ArraySlice<UInt8>) throws {
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
    case JPEG_UNSUPPORTED: throw DecodeError.unsupported("JPEG of a kind that the decoder lacks (\(message(result)))")
    case JPEG_TOO_MANY_SCANS:
      let limit = unsafe Int(request.maximumScans)
      throw DecodeError.tooManyScans(limit + 1, limit: limit)
    case JPEG_TOO_MUCH_MEMORY: throw DecodeError.tooMuchMemory(bytes: nil, limit: options.maximumMemory)
    case JPEG_OUT_OF_MEMORY:
      throw SystemError(code: ENOMEM, operation: "allocate", object: "memory to decode a JPEG")
    case JPEG_HEADERS_DISAGREE: throw DecodeError.corrupt("a frame header that can be read in two ways")
    default: throw DecodeError.corrupt(message(result))
    }
  }

  /// The library's words, which end at the first zero byte.
  private func message(_ result: JPEGResult) -> String {
    let words = unsafe withUnsafeBytes(of: result.message) {
      unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    let prefix = "Corrupt JPEG data: "
    return words.hasPrefix(prefix) ? String(words.dropFirst(prefix.count)) : words
  }
}
