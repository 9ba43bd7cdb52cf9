// What a JPEG says of itself before its first scan (ITU-T T.81, annex B). Nothing is allocated by what it claims.

import Streams

/// The facts of a JPEG's header, checked for being decodable here.
struct JPEGHeader: Equatable {
  /// As stored, before any orientation.
  let size: Size
  /// 1 (grayscale), 3 (YCbCr or RGB) or 4 (CMYK or YCCK).
  let componentCount: Int
  /// Whether the image needs more scans than the first: a progressive frame, or a first scan without some components.
  let hasMultipleScans: Bool
  let orientation: Orientation

  /// - Parameter bytes: a whole JPEG, or at least its header.
  init(_ bytes: [UInt8]) throws(DecodeError) {
    guard !bytes.isEmpty else { throw .empty }
    guard bytes.starts(with: [0xFF, 0xD8]) else {
      throw .notJPEG(first: bytes.prefix(512))
    }
    var segments = JPEGSegments(bytes)
    var frame: ArraySlice<UInt8>?
    var isProgressive = false
    let firstScan: ArraySlice<UInt8>
    var exif: [UInt8] = []
    var xmp: [UInt8] = []
    scan: while true {
      guard let segment = try segments.next() else { throw .truncated }
      switch segment.marker {
      case 0xC0...0xCF where ![0xC4, 0xC8, 0xCC].contains(segment.marker):
        if let kind = Self.undecodable(segment.marker) { throw .unsupported(kind) }
        guard frame == nil else { throw .corrupt("two frame headers (SOF)") }
        frame = segment.body
        isProgressive = [0xC2, 0xCA].contains(segment.marker)
      case 0xDA:
        firstScan = segment.body
        break scan
      case 0xD9:
        throw frame == nil ? .noFrame : .noScan
      case 0xE1 where segment.body.starts(with: Self.exifMark):
        exif += segment.body.dropFirst(Self.exifMark.count)
      case 0xE1 where segment.body.starts(with: Self.xmpMark):
        xmp = Array(segment.body.dropFirst(Self.xmpMark.count))
      default:
        break
      }
    }
    guard let frame else { throw .noFrame }
    (size, componentCount) = try Self.parse(frame: frame)
    hasMultipleScans = isProgressive || Int(firstScan.first ?? 0) < componentCount
    orientation = EXIF.orientation(exif: exif, xmp: xmp)
  }

  private static let exifMark = Array("Exif\0\0".utf8)
  private static let xmpMark = Array("http://ns.adobe.com/xap/1.0/\0".utf8)

  /// The frame header's body: precision, height, width, component count, three bytes a component.
  private static func parse(frame: ArraySlice<UInt8>) throws(DecodeError) -> (Size, Int) {
    let field = Array(frame)
    guard field.count >= 6 else { throw .corrupt("a frame header of \(field.count) bytes") }
    guard field[0] == 8 else { throw .unsupported("\(field[0])-bit JPEG") }
    let size = Size(width: Int(field[3]) << 8 | Int(field[4]), height: Int(field[1]) << 8 | Int(field[2]))
    let count = Int(field[5])
    guard size.width > 0, size.height > 0 else { throw .zeroSide(size) }
    guard field.count == 6 + 3 * count else { throw .corrupt("a frame header of \(field.count) bytes") }
    guard [1, 3, 4].contains(count) else {
      throw .unsupported("JPEG of \(count) component\(count == 1 ? "" : "s")")
    }
    return (size, count)
  }

  /// What a frame is that libjpeg-turbo 2.1 cannot decode, or nil: T.81, table B.1.
  private static func undecodable(_ marker: UInt8) -> String? {
    switch marker {
    case 0xC3: "lossless JPEG"
    case 0xC5, 0xC6, 0xCD, 0xCE: "hierarchical JPEG"
    case 0xC7, 0xCF: "hierarchical lossless JPEG"
    case 0xCB: "lossless arithmetic-coded JPEG"
    default: nil
    }
  }
}

/// The marker segments of a header, one after the other. Bytes between segments are passed over, as libjpeg does.
struct JPEGSegments {
  struct Segment: Equatable {
    let marker: UInt8
    /// Without marker and length; empty for markers that stand alone.
    let body: ArraySlice<UInt8>
  }

  /// Where the marker of the last segment began: its FF byte, the last of them where several fill.
  private(set) var markerOffset = 0

  private let bytes: [UInt8]
  private var position = 2

  /// - Parameter bytes: beginning with the start-of-image marker.
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The next segment, or nil at the end of the bytes.
  ///
  /// - Throws: `truncated` when the bytes end inside a segment, `corrupt` for a length that cannot be.
  mutating func next() throws(DecodeError) -> Segment? {
    guard let marker = nextMarker() else { return nil }
    // TEM, RSTn, SOI, EOI stand alone.
    if marker == 0x01 || (0xD0...0xD9).contains(marker) { return Segment(marker: marker, body: []) }
    guard position + 2 <= bytes.count else { throw .truncated }
    let length = Int(bytes[position]) << 8 | Int(bytes[position + 1])
    guard length >= 2 else { throw .corrupt("a segment of \(length) bytes") }
    guard position + length <= bytes.count else { throw .truncated }
    defer { position += length }
    return Segment(marker: marker, body: bytes[position + 2..<position + length])
  }

  private mutating func nextMarker() -> UInt8? {
    while let mark = bytes[position...].firstIndex(of: 0xFF) {
      position = mark + 1
      while position < bytes.count, bytes[position] == 0xFF { position += 1 }
      guard position < bytes.count else { return nil }
      markerOffset = position - 1
      position += 1
      // FF 00 is a byte of data, not a marker.
      if bytes[position - 1] != 0 { return bytes[position - 1] }
    }
    position = bytes.count
    return nil
  }
}
