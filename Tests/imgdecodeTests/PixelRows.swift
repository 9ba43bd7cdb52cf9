// Pixel buffers as values that tests can write down and compare.

@testable import imgdecode

extension PixelBuffer {
  convenience init(_ rows: Rows) {
    self.init()
    // Tests run where there is memory.
    try! reshape(to: Size(width: rows[0].count, height: rows.count))
    for (y, row) in rows.enumerated() {
      for (x, pixel) in row.enumerated() {
        unsafe base.storeBytes(
          of: SIMD4(pixel, 0x5A), toByteOffset: y * bytesPerRow + x * Self.bytesPerPixel, as: SIMD4<UInt8>.self)
      }
    }
  }

  var rows: Rows {
    (0..<size.height).map { y in
      (0..<size.width).map { x in
        let pixel = unsafe base.loadUnaligned(
          fromByteOffset: y * bytesPerRow + x * Self.bytesPerPixel, as: SIMD4<UInt8>.self)
        return SIMD3(pixel[0], pixel[1], pixel[2])
      }
    }
  }
}
