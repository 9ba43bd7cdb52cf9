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
    if isIdentity && repeats == 1 {
      var pixel = input + rows.lowerBound * inputStride
      for index in 0..<tiles.count {
        let tile = pointers + index * tileRows
        for slot in 0..<tiles.height(index) {
          tile[slot] = pixel
          pixel += inputStride
        }
      }
      return
    }
    var pixel = OutputPixel(rows.lowerBound, of: self)
    let positions = kernelHeight * kernelWidth * repeats
    for index in 0..<tiles.count {
      let tile = pointers + index * positions * tileRows
      let height = tiles.height(index)
      let first = pixel
      var isInside = true
      for slot in 0..<height {
        let (top, left) = (pixel.y * strideHeight - padTop, pixel.x * strideWidth - padLeft)
        isInside = isInside && self.isInside(top, left)
        tile[slot] = input + ((pixel.image * inHeight + top) * inWidth + left) * inputStride
        pixel.advance(in: self)
      }
      if isInside {
        fillOthers(tile, height, tileRows: tileRows, repeats: repeats, inputStride: inputStride)
      } else {
        pixel = first
        for slot in 0..<height {
          fillPartly(
            tile + slot, pixel, tileRows: tileRows, repeats: repeats, input: input, inputStride: inputStride,
            zeros: zeros)
          pixel.advance(in: self)
        }
      }
    }
  }

  /// A place in the output of a batch.
  private struct OutputPixel {
    var image: Int
    var y: Int
    var x: Int

    init(_ index: Int, of window: PixelWindow) {
      let pixels = window.outHeight * window.outWidth
      image = index / pixels
      y = index % pixels / window.outWidth
      x = index % window.outWidth
    }

    mutating func advance(in window: PixelWindow) {
      x += 1
      if x < window.outWidth { return }
      (x, y) = (0, y + 1)
      if y == window.outHeight { (y, image) = (0, image + 1) }
    }
  }

  /// Whether output pixel i reads input pixel i alone.
  private var isIdentity: Bool {
    kernelHeight == 1 && kernelWidth == 1 && strideHeight == 1 && strideWidth == 1 && padTop == 0 && padLeft == 0
      && outHeight == inHeight && outWidth == inWidth
  }

  /// Whether the window whose first pixel is (top, left) lies wholly inside the input.
  private func isInside(_ top: Int, _ left: Int) -> Bool {
    top >= 0 && left >= 0 && top + (kernelHeight - 1) * dilationHeight < inHeight
      && left + (kernelWidth - 1) * dilationWidth < inWidth
  }

  /// The pointers of a tile's later positions, from those of the first: every window lies inside the input.
  private func fillOthers<Element>(
    _ tile: UnsafeMutablePointer<UnsafePointer<Element>>, _ height: Int, tileRows: Int, repeats: Int, inputStride: Int
  ) {
    var to = tile
    for ky in 0..<kernelHeight {
      for kx in 0..<kernelWidth {
        let offset = (ky * dilationHeight * inWidth + kx * dilationWidth) * inputStride
        for _ in 0..<repeats {
          if to != tile { for slot in 0..<height { to[slot] = tile[slot] + offset } }
          to += tileRows
        }
      }
    }
  }

  /// The pointers of one window, `zeros` where a pixel lies outside the input.
  private func fillPartly<Element>(
    _ pointers: UnsafeMutablePointer<UnsafePointer<Element>>, _ output: OutputPixel, tileRows: Int, repeats: Int,
    input: UnsafePointer<Element>, inputStride: Int, zeros: UnsafePointer<Element>
  ) {
    let plane = input + output.image * inHeight * inWidth * inputStride
    var to = pointers
    for ky in 0..<kernelHeight {
      let row = output.y * strideHeight - padTop + ky * dilationHeight
      let line = plane + row * inWidth * inputStride
      let inside = row >= 0 && row < inHeight
      for kx in 0..<kernelWidth {
        let column = output.x * strideWidth - padLeft + kx * dilationWidth
        let pixel = inside && column >= 0 && column < inWidth ? line + column * inputStride : zeros
        for _ in 0..<repeats {
          to.pointee = pixel
          to += tileRows
        }
      }
    }
  }
}
