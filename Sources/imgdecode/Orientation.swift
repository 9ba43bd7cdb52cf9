// The eight ways a camera can have been held, as axes of the upright image over axes of the stored one.

/// How the upright image lies over the stored one (EXIF tag 0x0112, values 1 to 8).
struct Orientation: Equatable, Sendable {
  /// Whether the upright x axis runs along the stored columns.
  let transposed: Bool
  /// Whether the upright x axis runs from the far end of the stored axis beneath it; likewise y.
  let mirrorsX: Bool
  let mirrorsY: Bool

  static let upright = Orientation(transposed: false, mirrorsX: false, mirrorsY: false)

  /// Nil for a value outside 1…8.
  init?(exifValue: Int) {
    switch exifValue {
    case 1: self = .upright
    case 2: self.init(transposed: false, mirrorsX: true, mirrorsY: false)
    case 3: self.init(transposed: false, mirrorsX: true, mirrorsY: true)
    case 4: self.init(transposed: false, mirrorsX: false, mirrorsY: true)
    case 5: self.init(transposed: true, mirrorsX: false, mirrorsY: false)
    case 6: self.init(transposed: true, mirrorsX: true, mirrorsY: false)
    case 7: self.init(transposed: true, mirrorsX: true, mirrorsY: true)
    case 8: self.init(transposed: true, mirrorsX: false, mirrorsY: true)
    default: return nil
    }
  }

  private init(transposed: Bool, mirrorsX: Bool, mirrorsY: Bool) {
    self.transposed = transposed
    self.mirrorsX = mirrorsX
    self.mirrorsY = mirrorsY
  }

  /// The upright size of an image that is stored with the given size.
  func upright(_ stored: Size) -> Size { transposed ? stored.transposed : stored }
}
