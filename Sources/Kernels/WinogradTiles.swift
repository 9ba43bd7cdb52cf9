// Which pixels the tiles of a Winograd convolution read and write.

/// The tiles of F(outputs × outputs, 3 × 3), counted through the images of a batch, row by row.
struct WinogradTiles {
  let shape: ConvolutionShape
  /// Of a side.
  let outputs: Int
  let down: Int
  let across: Int

  init(_ shape: ConvolutionShape, outputs: Int) {
    self.shape = shape
    self.outputs = outputs
    down = (shape.outHeight + outputs - 1) / outputs
    across = (shape.outWidth + outputs - 1) / outputs
  }

  /// Whether a convolution is of the kind that has such tiles.
  static func apply(to shape: ConvolutionShape) -> Bool {
    shape.groups == 1 && shape.kernelHeight == 3 && shape.kernelWidth == 3 && shape.strideHeight == 1
      && shape.strideWidth == 1 && shape.dilationHeight == 1 && shape.dilationWidth == 1
  }

  /// Input pixels of a side.
  var size: Int { outputs + 2 }
  /// Products of a tile.
  var elements: Int { size * size }
  /// Tiles of one image.
  var perImage: Int { down * across }

  /// A tile's first output pixel.
  struct Place {
    var image: Int
    var y: Int
    var x: Int
  }

  func place(_ tile: Int) -> Place {
    let (image, rest) = tile.quotientAndRemainder(dividingBy: perImage)
    return Place(image: image, y: rest / across * outputs, x: rest % across * outputs)
  }

  /// The index of a place's pixel in the output of the batch.
  func outputPixel(_ place: Place) -> Int { (place.image * shape.outHeight + place.y) * shape.outWidth + place.x }
  /// How many of a tile's rows lie inside the output.
  func rows(_ place: Place) -> Int { min(outputs, shape.outHeight - place.y) }
  /// How many pixels of a row of `count` tiles lie inside the output.
  func columns(_ place: Place, tiles count: Int = 1) -> Int { min(count * outputs, shape.outWidth - place.x) }

  /// (size, size) pointers to the pixels under a tile, `outside` where there are none.
  func gather<Element>(
    _ tile: Int, _ pixels: UnsafeMutablePointer<UnsafePointer<Element>>, input: UnsafePointer<Element>,
    inputStride: Int, outside: UnsafePointer<Element>
  ) {
    let at = place(tile)
    let plane = input + at.image * shape.inHeight * shape.inWidth * inputStride
    var to = pixels
    for i in 0..<size {
      let row = at.y - shape.padTop + i
      let inside = row >= 0 && row < shape.inHeight
      for j in 0..<size {
        let column = at.x - shape.padLeft + j
        to.pointee =
          inside && column >= 0 && column < shape.inWidth
          ? plane + (row * shape.inWidth + column) * inputStride : outside
        to += 1
      }
    }
  }
}
