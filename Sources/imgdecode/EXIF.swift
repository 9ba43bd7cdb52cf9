// Finds the orientation in EXIF (a TIFF file in a JPEG segment) or XMP, valid or damaged, as Pillow 13 does:
// PIL/ImageOps.py exif_transpose, PIL/Image.py getexif, PIL/TiffImagePlugin.py ImageFileDirectory_v2.load.

/// Reads the one tag that matters here. Broken metadata is common and never makes an image unreadable: it has no
/// orientation then.
enum EXIF {
  /// What precedes the TIFF structure in its segment.
  static let prefix = Array("Exif\0\0".utf8)

  /// The result of looking for the tag in EXIF.
  enum Finding: Equatable {
    /// No tag: XMP is searched.
    case absent
    /// A tag with this integer as first value; nil for another type.
    case present(Int?)
  }

  /// The orientation that an image's metadata asks for.
  ///
  /// - Parameters:
  ///   - exif: what follows `prefix` in the APP1 segments that begin with it, joined.
  ///   - xmp: the last XMP packet; used where EXIF has no orientation tag.
  static func orientation(exif: [UInt8], xmp: [UInt8]) -> Orientation {
    let value: Int? =
      switch orientationTag(exif) {
      case .absent: orientationProperty(xmp)
      case .present(let value): value
      }
    return value.flatMap(Orientation.init(exifValue:)) ?? .upright
  }

  /// Tag 0x0112 in the first image file directory (TIFF 6.0, section 2).
  ///
  /// The first readable entry with the tag counts. Data that cannot be read ends the directory; entries of unknown type,
  /// without values, or with more data than the file could hold are skipped.
  static func orientationTag(_ exif: [UInt8]) -> Finding {
    // Some writers repeat the prefix.
    let tiff = exif.starts(with: prefix) ? Array(exif.dropFirst(prefix.count)) : exif
    if tiff.isEmpty { return .absent }
    guard let bytes = TIFFBytes(tiff), let directory = bytes.unsigned(at: 4, size: 4) else { return .present(nil) }
    guard let count = bytes.unsigned(at: directory, size: 2) else { return .absent }
    var total = 0
    for index in 0..<count {
      let entry = directory + 2 + 12 * index
      guard entry + 12 <= tiff.count, let tag = bytes.unsigned(at: entry, size: 2),
        let typeCode = bytes.unsigned(at: entry + 2, size: 2), let values = bytes.unsigned(at: entry + 4, size: 4)
      else { return .absent }
      guard let type = TIFFType(rawValue: typeCode), values > 0 else { continue }
      let size = values * type.size
      var data = entry + 8
      if size > 4 {
        guard let offset = bytes.unsigned(at: data, size: 4) else { return .absent }
        total += size
        if total > tiff.count { continue }
        guard offset + size <= tiff.count else { return .absent }
        data = offset
      }
      if tag == 0x0112 { return .present(bytes.wholeNumber(type, at: data)) }
    }
    return .absent
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
