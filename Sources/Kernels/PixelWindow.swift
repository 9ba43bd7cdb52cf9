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

  /// Whether output pixel i reads input pixel i alone: a 1×1 convolution without strides and padding.
  private var isIdentity: Bool {
    kernelHeight * kernelWidth == 1 && strideHeight * strideWidth == 1 && inHeight == outHeight && inWidth == outWidth
      && padTop == 0 && padLeft == 0
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
    let tilePointers = kernelHeight * kernelWidth * repeats * tileRows
    if isIdentity && repeats == 1 {
      for index in 0..<tiles.count {
        var pixel = input + (rows.lowerBound + tiles.start(index)) * inputStride
        for slot in 0..<tiles.height(index) {
          pointers[index * tilePointers + slot] = pixel
          pixel += inputStride
        }
      }
      return
    }
    var position = outputPosition(rows.lowerBound)
    for index in 0..<tiles.count {
      for slot in 0..<tiles.height(index) {
        let to = pointers + (index * tilePointers + slot)
        let plane = input + position.image * inHeight * inWidth * inputStride
        fill(
          to, step: tileRows, repeats: repeats, plane: plane, top: position.y * strideHeight - padTop,
          left: position.x * strideWidth - padLeft, inputStride: inputStride, zeros: zeros)
        position.x += 1
        if position.x == outWidth {
          (position.x, position.y) = (0, position.y + 1)
          if position.y == outHeight { (position.y, position.image) = (0, position.image + 1) }
        }
      }
    }
  }

  private func outputPosition(_ row: Int) -> (image: Int, y: Int, x: Int) {
    let (image, pixel) = row.quotientAndRemainder(dividingBy: outHeight * outWidth)
    return (image, pixel / outWidth, pixel % outWidth)
  }

  /// The pointers of the window whose first pixel is at (top, left), `step` apart.
  @inline(__always)
  private func fill<Element>(
    _ to: UnsafeMutablePointer<UnsafePointer<Element>>, step: Int, repeats: Int, plane: UnsafePointer<Element>,
    top: Int, left: Int, inputStride: Int, zeros: UnsafePointer<Element>
  ) {
    let isInside =
      top >= 0 && left >= 0 && top + (kernelHeight - 1) * dilationHeight < inHeight
      && left + (kernelWidth - 1) * dilationWidth < inWidth
    var to = to
    if isInside {  // nearly all
      var line = plane + (top &* inWidth &+ left) &* inputStride
      for _ in 0..<kernelHeight {
        var pixel = line
        for _ in 0..<kernelWidth {
          for _ in 0..<repeats {
            to.pointee = pixel
            to += step
          }
          pixel += dilationWidth &* inputStride
        }
        line += dilationHeight &* inWidth &* inputStride
      }
      return
    }
    for ky in 0..<kernelHeight {
      let row = top + ky * dilationHeight
      for kx in 0..<kernelWidth {
        let column = left + kx * dilationWidth
        let pixelIsInside = row >= 0 && row < inHeight && column >= 0 && column < inWidth
        let pixel = pixelIsInside ? plane + (row * inWidth + column) * inputStride : zeros
        for _ in 0..<repeats {
          to.pointee = pixel
          to += step
        }
      }
    }
  }
}
