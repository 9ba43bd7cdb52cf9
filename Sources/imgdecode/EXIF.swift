// Finds the orientation in EXIF (a TIFF file in a JPEG segment) or XMP, whatever state they are in.

/// Reads the one tag that matters here. Broken metadata is common and never makes an image unreadable: it has no
/// orientation then.
enum EXIF {
  /// The orientation that an image's metadata asks for.
  ///
  /// - Parameters:
  ///   - exif: the TIFF structure from the APP1 segments, without `Exif\0\0`.
  ///   - xmp: the XMP packet, asked when EXIF is silent.
  static func orientation(exif: [UInt8], xmp: [UInt8]) -> Orientation {
    (orientationTag(exif) ?? orientationProperty(xmp)).flatMap(Orientation.init(exifValue:)) ?? .upright
  }

  /// The value of tag 0x0112 in the first image file directory (TIFF 6.0, section 2), or nil.
  static func orientationTag(_ tiff: [UInt8]) -> Int? {
    let bytes = TIFFBytes(tiff)
    guard let bytes, let directory = bytes.number(at: 4, size: 4), let count = bytes.number(at: directory, size: 2)
    else { return nil }
    for index in 0..<count {
      let entry = directory + 2 + 12 * index
      guard let tag = bytes.number(at: entry, size: 2), let type = bytes.number(at: entry + 2, size: 2),
        let values = bytes.number(at: entry + 4, size: 4), entry + 12 <= tiff.count
      else { return nil }
      guard tag == 0x0112 else { continue }
      // BYTE, SHORT, LONG: the types that a careless writer uses for it. More than one value is no orientation.
      guard values == 1, let size = [1: 1, 3: 2, 4: 4][type] else { return nil }
      return bytes.number(at: entry + 8, size: size)
    }
    return nil
  }

  /// The digit behind `tiff:Orientation="` or `tiff:Orientation>` in an XMP packet, or nil.
  static func orientationProperty(_ xmp: [UInt8]) -> Int? {
    let name = Array("tiff:Orientation".utf8)
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    var rest = xmp[...]
    while let first = rest.firstIndex(of: name[0]) {
      rest = rest[first...]
      if rest.starts(with: name) {
        let value = rest.dropFirst(name.count)
        for opening in ["=\"", ">"] where value.starts(with: opening.utf8) {
          if let digit = value.dropFirst(opening.utf8.count).first, digits.contains(digit) {
            return Int(digit - digits.lowerBound)
          }
        }
      }
      rest = rest.dropFirst()
    }
    return nil
  }
}

/// Numbers of a TIFF structure in its own byte order; every access is checked.
private struct TIFFBytes {
  let bytes: [UInt8]
  let isLittleEndian: Bool

  /// Nil where the bytes do not begin as TIFF does.
  init?(_ bytes: [UInt8]) {
    if bytes.starts(with: [0x49, 0x49, 0x2A, 0x00]) {
      isLittleEndian = true
    } else if bytes.starts(with: [0x4D, 0x4D, 0x00, 0x2A]) {
      isLittleEndian = false
    } else {
      return nil
    }
    self.bytes = bytes
  }

  /// An unsigned number of 1, 2 or 4 bytes, or nil where the bytes end before it.
  func number(at offset: Int, size: Int) -> Int? {
    guard offset <= bytes.count - size else { return nil }
    let field = bytes[offset..<offset + size]
    return isLittleEndian
      ? field.reversed().reduce(0) { $0 << 8 | Int($1) }
      : field.reduce(0) { $0 << 8 | Int($1) }
  }
}
