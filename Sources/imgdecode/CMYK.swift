// CMYK to RGB.

/// Converts CMYK pixels as JPEG files hold them.
enum CMYK {
  /// Makes RGB of CMYK in place: red = C · K / 255, and so on.
  ///
  /// Files hold ink inverted, 255 for none, because Adobe's programs write them so and every program that reads CMYK
  /// JPEGs takes it for granted, marked as Adobe's or not; so does Pillow, whose rounding this is (libImaging/Convert.c).
  static func convert(_ pixels: PixelBuffer) {
    let samples = unsafe UnsafeMutableBufferPointer(
      start: pixels.base.assumingMemoryBound(to: UInt8.self), count: pixels.size.pixelCount * PixelBuffer.bytesPerPixel)
    for index in stride(from: 0, to: samples.count, by: PixelBuffer.bytesPerPixel) {
      let black = unsafe samples[index + 3]
      for channel in 0..<3 {
        unsafe samples[index + channel] = black - multiply(255 - samples[index + channel], black)
      }
    }
  }

  /// a · b / 255, rounded to nearest.
  static func multiply(_ a: UInt8, _ b: UInt8) -> UInt8 {
    let product = UInt32(a) * UInt32(b) + 128
    return UInt8((product >> 8 + product) >> 8)
  }
}
