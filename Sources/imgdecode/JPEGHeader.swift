// A JPEG's header up to its first scan (ITU-T T.81, annex B). No allocation depends on its sizes.

import Streams

/// The facts of a JPEG's header, checked for being decodable here.
struct JPEGHeader: Equatable {
  let frame: JPEGFrame
  /// Whether the image needs more scans than the first: a progressive frame, or a first scan without some components.
  let hasMultipleScans: Bool
  let orientation: Orientation

  var size: Size { frame.size }
  var componentCount: Int { frame.components.count }

  /// - Parameter bytes: a whole JPEG, or at least its header.
  init(_ bytes: [UInt8]) throws(DecodeError) {
    guard !bytes.isEmpty else { throw .empty }
    guard bytes.starts(with: [0xFF, 0xD8]) else {
      throw .notJPEG(first: bytes.prefix(512))
    }
    var segments = JPEGSegments(bytes)
    var frame: JPEGSegments.Segment?
    let firstScan: ArraySlice<UInt8>
    var exif: [UInt8] = []
    var xmp: [UInt8] = []
    scan: while true {
      guard let segment = try segments.next() else { throw .truncated }
      if let kind = JPEGFrame.unsupportedKind(segment.marker) { throw .unsupported(kind) }
      switch segment.marker {
      // The others of this range are DHT and DAC.
      case 0xC0...0xCF where ![0xC4, 0xCC].contains(segment.marker):
        guard frame == nil else { throw .corrupt("two frame headers (SOF)") }
        frame = segment
      case 0xDA:
        firstScan = segment.body
        break scan
      case 0xD9:
        throw frame == nil ? .noFrame : .noScan
      case 0xE1 where segment.body.starts(with: EXIF.prefix):
        exif += segment.body.dropFirst(EXIF.prefix.count)
      case 0xE1 where segment.body.starts(with: Self.xmpPrefix):
        xmp = Array(segment.body.dropFirst(Self.xmpPrefix.count))
      default:
        break
      }
    }
    guard let frame else { throw .noFrame }
    do throws(DecodeError) {
      self.frame = try JPEGFrame(marker: frame.marker, body: frame.body)
    } catch {
      // Where the height is 0, a segment after the first scan may define it (T.81, section B.2.5).
      if case .zeroSide(let size) = error, size.width > 0, JPEGScans(bytes).definesHeight {
        throw .unsupported("JPEG whose height is defined behind its first scan (DNL)")
      }
      throw error
    }
    hasMultipleScans = self.frame.isProgressive || Int(firstScan.first ?? 0) < self.frame.components.count
    orientation = EXIF.orientation(exif: exif, xmp: xmp)
  }

  private static let xmpPrefix = Array("http://ns.adobe.com/xap/1.0/\0".utf8)
}
