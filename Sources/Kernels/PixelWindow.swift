// Which input pixels each output pixel of a convolution reads.

internal import KernelTemplates

/// The geometry that turns rows of the matrix product into pointers.
struct PixelWindow {
  var inHeight: Int
  var inWidth: Int
  var outHeight: Int
  var outWidth: Int
  var kernelHeight: Int
  var kernelWidth: Int
  var strideHeight: Int
  var strideWidth: Int
  var dilationHeight: Int
  var dilationWidth: Int
  var padTop: Int
  var padLeft: Int

  /// `joined`: the input carries its own padding, and a pointer to the first pixel of a kernel row stands for the row.
  init(_ shape: ConvolutionShape, joined: Bool) {
    inHeight = joined ? shape.inHeight + shape.padTop + shape.padBottom : shape.inHeight
    inWidth = joined ? shape.inWidth + shape.padLeft + shape.padRight : shape.inWidth
    outHeight = shape.outHeight
    outWidth = shape.outWidth
    kernelHeight = shape.kernelHeight
    kernelWidth = joined ? 1 : shape.kernelWidth
    strideHeight = shape.strideHeight
    strideWidth = shape.strideWidth
    dilationHeight = shape.dilationHeight
    dilationWidth = shape.dilationWidth
    padTop = joined ? 0 : shape.padTop
    padLeft = joined ? 0 : shape.padLeft
  }

  /// Fills (tiles, positions, tileRows) for output pixels `rows`, counted through the images of a batch.
  ///
  /// - Parameters:
  ///   - repeats: how many times each position is given.
  ///   - zeros: what stands for a pixel outside the input.
  func fill<Element>(
    _ pointers: UnsafeMutablePointer<UnsafePointer<Element>>, rows: Range<Int>, tileRows: Int, repeats: Int = 1,
    input: UnsafePointer<Element>, inputStride: Int, zeros: UnsafePointer<Element>
  ) {
    let tiles = GemmRows(rows: rows.count, tileRows: tileRows)
    let pixels = outHeight * outWidth
    var image = rows.lowerBound / pixels
    var y = rows.lowerBound % pixels / outWidth
    var x = rows.lowerBound % outWidth
    var tile = pointers
    for index in 0..<tiles.count {
      for slot in 0..<tiles.height(index) {
        let plane = input + image * inHeight * inWidth * inputStride
        var to = tile + slot
        for ky in 0..<kernelHeight {
          let row = y * strideHeight - padTop + ky * dilationHeight
          let line = plane + row * inWidth * inputStride
          let inside = row >= 0 && row < inHeight
          for kx in 0..<kernelWidth {
            let column = x * strideWidth - padLeft + kx * dilationWidth
            let pixel = inside && column >= 0 && column < inWidth ? line + column * inputStride : zeros
            for _ in 0..<repeats {
              to.pointee = pixel
              to += tileRows
            }
          }
        }
        x += 1
        if x == outWidth {
          (x, y) = (0, y + 1)
          if y == outHeight { (y, image) = (0, image + 1) }
        }
      }
      tile += kernelHeight * kernelWidth * repeats * tileRows
    }
  }
}
