// Resizing by picking pixels: nearest neighbour, and the images that keep their size.

import Streams

/// Which input position each output position of the two upright axes is; nil is black.
struct NearestNeighbor {
  let x: [Int?]
  let y: [Int?]

  /// The input positions that Pillow picks (libImaging/Geometry.c, ImagingScaleAffine), its rounding errors included:
  /// they add up from one position to the next, and one that ends beyond the input is black.
  ///
  /// - Parameters:
  ///   - kept: the output positions that are wanted, within `0..<outputSize`.
  ///   - mirrored: whether the input lies in memory from its far end.
  static func positions(inputSize: Int, outputSize: Int, kept: Range<Int>, mirrored: Bool = false) -> [Int?] {
    let scale = Double(inputSize) / Double(outputSize)
    var center = scale * 0.5
    var result: [Int?] = []
    result.reserveCapacity(kept.count)
    for position in 0..<kept.upperBound {
      if position >= kept.lowerBound {
        let input = Int(center)
        result.append(input < inputSize ? (mirrored ? inputSize - 1 - input : input) : nil)
      }
      center += scale
    }
    return result
  }

  /// - Parameters:
  ///   - transposed: whether the upright x axis runs along the stored columns.
  ///   - result: reshaped to the two axes' lengths and filled, upright.
  func pick(_ stored: PixelBuffer, transposed: Bool, into result: PixelBuffer) throws(SystemError) {
    try result.reshape(to: Size(width: x.count, height: y.count))
    let step = PixelBuffer.bytesPerPixel
    let (stepX, stepY) = transposed ? (stored.bytesPerRow, step) : (step, stored.bytesPerRow)
    for (row, inputY) in y.enumerated() {
      let to = unsafe result.base + row * result.bytesPerRow
      for (column, inputX) in x.enumerated() {
        var pixel: UInt32 = 0
        if let inputX, let inputY {
          unsafe pixel = (stored.base + inputY * stepY + inputX * stepX).load(as: UInt32.self)
        }
        unsafe to.storeBytes(of: pixel, toByteOffset: column * step, as: UInt32.self)
      }
    }
  }
}
