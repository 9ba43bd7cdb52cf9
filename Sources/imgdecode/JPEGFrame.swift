// The frame header of a JPEG (ITU-T T.81, section B.2.2): size, components, and how the image is coded.

/// A frame header that is sound and of a kind that is decoded here.
struct JPEGFrame: Equatable {
  /// How finely one component is sampled, in units that the components share: 1 to 4.
  struct Sampling: Equatable {
    let horizontal: Int
    let vertical: Int
  }

  /// As stored, before any orientation.
  let size: Size
  /// One for each component: 1 (grayscale), 3 (YCbCr or RGB) or 4 (CMYK or YCCK).
  let components: [Sampling]
  let isProgressive: Bool

  /// - Parameters:
  ///   - marker: the second byte of the frame's marker.
  ///   - body: precision, height, width, component count, three bytes a component.
  init(marker: UInt8, body: ArraySlice<UInt8>) throws(DecodeError) {
    let field = Array(body)
    guard field.count >= 6 else { throw .corrupt("a frame header of \(field.count) bytes") }
    guard field[0] == 8 else { throw .unsupported("\(field[0])-bit JPEG") }
    let size = Size(width: Int(field[3]) << 8 | Int(field[4]), height: Int(field[1]) << 8 | Int(field[2]))
    let count = Int(field[5])
    guard size.width > 0, size.height > 0 else { throw .zeroSide(size) }
    guard field.count == 6 + 3 * count else { throw .corrupt("a frame header of \(field.count) bytes") }
    guard [1, 3, 4].contains(count) else {
      throw .unsupported("JPEG of \(count) component\(count == 1 ? "" : "s")")
    }
    self.size = size
    components = (0..<count).map { index in
      let factors = Int(field[7 + 3 * index])
      return Sampling(horizontal: factors >> 4, vertical: factors & 15)
    }
    isProgressive = [0xC2, 0xCA].contains(marker)
  }

  /// What a marker announces that is not decoded here, or nil: T.81, table B.1; T.87, table C.1.
  static func unsupportedKind(_ marker: UInt8) -> String? {
    switch marker {
    case 0xC3: "lossless JPEG"
    case 0xC5, 0xC6, 0xCD, 0xCE, 0xDE, 0xDF: "hierarchical JPEG"
    case 0xC7, 0xCF: "hierarchical lossless JPEG"
    case 0xC8: "JPEG of a reserved kind (frame type JPG)"
    case 0xCB: "lossless arithmetic-coded JPEG"
    case 0xF7: "JPEG-LS"
    default: nil
    }
  }

  /// Bytes of all quantized coefficients, two each, which a decoder of several scans holds at once.
  var coefficientBytes: Int {
    let horizontal = components.map(\.horizontal).max() ?? 1
    let vertical = components.map(\.vertical).max() ?? 1
    /// Blocks of 8 samples on one axis, filled up to whole minimum coded units.
    func blocks(_ side: Int, _ factor: Int, _ most: Int) -> Int {
      // A factor of 0 is an error that the decoder reports.
      guard factor > 0 else { return 0 }
      let count = (side * factor + 8 * most - 1) / (8 * most)
      return (count + factor - 1) / factor * factor
    }
    return components.reduce(0) { sum, component in
      sum + 128 * blocks(size.width, component.horizontal, horizontal)
        * blocks(size.height, component.vertical, vertical)
    }
  }
}
