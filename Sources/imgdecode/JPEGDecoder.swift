// Compressed data to pixels, through libturbojpeg. The only file that knows the library.

import CTurboJPEG
import Glibc
import Streams

/// One decompressor, for one thread.
@safe struct JPEGDecoder: ~Copyable {
  struct Options: Equatable, Sendable {
    /// Pixels from data that is damaged or ends early are taken as they are.
    var lenient = false
    /// At most this many pixels, as stored.
    var maximumPixels = 178_956_970
  }

  /// Eighths of the full size at which the decoder works fast; 8 is all of it.
  ///
  /// The library can do all from 1 to 16, but at the others it has no SIMD code and is slower than at the next of these.
  static let scales = [1, 2, 4, 8]

  private let handle: tjhandle
  private let options: Options

  /// - Throws: `SystemError` when there is no memory.
  init(_ options: Options) throws(SystemError) {
    guard let handle = unsafe tjInitDecompress() else {
      throw SystemError(code: ENOMEM, operation: "start", object: "the JPEG decoder")
    }
    unsafe self.handle = handle
    self.options = options
  }

  deinit { _ = unsafe tjDestroy(handle) }

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
  ///   - pixels: reshaped to the scaled size and filled.
  /// - Throws: `DecodeError`, or `SystemError` when there is no memory.
  func decode(_ bytes: [UInt8], _ header: JPEGHeader, scale: Int, into pixels: PixelBuffer) throws {
    guard header.size.pixelCount <= options.maximumPixels else {
      throw DecodeError.tooManyPixels(header.size, limit: options.maximumPixels)
    }
    try checkAgreement(bytes, header)
    let size = Self.scaled(header.size, by: scale)
    try pixels.reshape(to: size)
    let isCMYK = header.componentCount == 4
    let failed = unsafe tjDecompress2(
      handle, bytes, UInt(bytes.count), pixels.base.assumingMemoryBound(to: UInt8.self), CInt(size.width),
      CInt(pixels.bytesPerRow), CInt(size.height), CInt(isCMYK ? TJPF_CMYK.rawValue : TJPF_RGBX.rawValue),
      TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS)
    if failed != 0, let error = fault(bytes) { throw error }
    if isCMYK { CMYK.convert(pixels) }
  }

  /// The library parses the header itself; the buffer is made by what we parsed. They must mean the same image.
  private func checkAgreement(_ bytes: [UInt8], _ header: JPEGHeader) throws(DecodeError) {
    var (width, height, subsampling, colorspace): (CInt, CInt, CInt, CInt) = (0, 0, 0, 0)
    let failed = unsafe tjDecompressHeader3(
      handle, bytes, UInt(bytes.count), &width, &height, &subsampling, &colorspace)
    // It fails, the size known, for sampling factors that have no name; those can be decoded all the same.
    if Size(width: Int(width), height: Int(height)) == header.size { return }
    throw failed != 0 ? .corrupt(message) : .corrupt("a frame header that can be read in two ways")
  }

  /// What the last call complained of, or nil where the complaint is about nothing that matters.
  private func fault(_ bytes: [UInt8]) -> DecodeError? {
    let message = message
    guard unsafe tjGetErrorCode(handle) == CInt(TJERR_WARNING.rawValue) else {
      return message.hasSuffix("scans") ? .tooManyScans : .corrupt(message)
    }
    if options.lenient { return nil }
    // Of several complaints the library keeps the first, so a harmless one can hide that the data ends early.
    if Self.harmless.contains(where: message.contains) { return JPEGScans.isComplete(bytes) ? nil : .truncated }
    return message.hasPrefix("Premature end of JPEG") ? .truncated : .corrupt(message)
  }

  /// Complaints about bytes that take no part in the image, or about labels.
  private static let harmless = [
    "extraneous bytes before marker", "unknown JFIF revision", "Unknown Adobe color transform",
    "Invalid SOS parameters", "Inconsistent progression sequence",
  ]

  private var message: String {
    guard let text = unsafe tjGetErrorStr2(handle) else { return "unknown error" }
    let words = unsafe String(cString: text)
    return words.hasPrefix("Corrupt JPEG data: ") ? String(words.dropFirst("Corrupt JPEG data: ".count)) : words
  }
}
