// Where the pixels of the answer come from: the resized image, and the part of it that is kept.

/// A width and a height in pixels.
struct Size: Equatable, Sendable {
  var width: Int
  var height: Int

  /// The sides exchanged.
  var transposed: Size { Size(width: height, height: width) }
  /// Never overflows: sides are at most 2³¹.
  var pixelCount: Int { width * height }
}

/// The requested geometry, independent of the image.
struct Geometry: Equatable, Sendable {
  enum Resize: Equatable, Sendable {
    /// The pixels as they are.
    case none
    /// The shorter side to this many pixels, the aspect ratio kept.
    case shorterSide(Int)
    /// Both sides at once, the aspect ratio given up.
    case exact(Size)
  }

  var resize: Resize
  /// The side of the square that is cut from the centre; nil for the whole image.
  var crop: Int?

  /// What ImageNet models are evaluated with.
  static let imageNet = Geometry(resize: .shorterSide(256), crop: 224)

  /// The size after resizing: the longer side is ⌊n · long / short⌋, as torchvision's `Resize` has it.
  func resized(_ size: Size) -> Size {
    switch resize {
    case .none: return size
    case .exact(let exact): return exact
    case .shorterSide(let side):
      return size.width <= size.height
        ? Size(width: side, height: side * size.height / size.width)
        : Size(width: side * size.width / size.height, height: side)
    }
  }

  /// The crop of an upright image of the given size.
  func plan(for size: Size) -> Plan {
    let resized = resized(size)
    let output = crop.map { Size(width: $0, height: $0) } ?? resized
    return Plan(
      resized: resized, x: AxisCrop(centred: output.width, in: resized.width),
      y: AxisCrop(centred: output.height, in: resized.height))
  }
}

/// The geometry of one image: its resized size, and the part of it that is kept on each axis.
struct Plan: Equatable, Sendable {
  let resized: Size
  let x: AxisCrop
  let y: AxisCrop

  var output: Size { Size(width: x.length, height: y.length) }
}

/// The part of one axis that is kept, after torchvision's `center_crop`.
struct AxisCrop: Equatable, Sendable {
  /// The positions of the resized axis that are kept.
  let kept: Range<Int>
  /// Black pixels before them, where the crop is longer than the axis.
  let padding: Int
  /// Pixels of the answer on this axis.
  let length: Int

  init(centred length: Int, in size: Int) {
    self.length = length
    if length >= size {
      kept = 0..<size
      padding = (length - size) / 2
    } else {
      // Python's round((size − length) / 2): halves go to the even neighbour.
      let excess = size - length
      let offset = excess / 2 + (excess % 4 == 3 ? 1 : 0)
      kept = offset..<offset + length
      padding = 0
    }
  }
}
