// Red, green and blue to brightness.

/// Converts pixels to gray as Pillow does.
enum Grayscale {
  /// Sets red, green and blue of every pixel to its luma by ITU-R BT.601, rounded as in Pillow's `convert("L")`
  /// (libImaging/Convert.c, L24): weights of 16 fraction bits that add up to 1, so that gray stays as it is.
  static func convert(_ pixels: PixelBuffer) {
    let samples = unsafe UnsafeMutableBufferPointer(
      start: pixels.base.assumingMemoryBound(to: UInt32.self), count: pixels.size.pixelCount)
    for index in samples.indices {
      let pixel = unsafe samples[index]
      let (red, green, blue) = (pixel & 255, pixel >> 8 & 255, pixel >> 16 & 255)
      let luma = (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16
      unsafe samples[index] = luma * 0x01_01_01
    }
  }
}
