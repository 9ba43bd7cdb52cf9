// The marker segments of a JPEG, without understanding them (ITU-T T.81, section B.1.1).

import Glibc

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
    while let mark = nextFF() {
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

  /// Where the next FF byte is; most of a file's bytes are passed over here.
  private func nextFF() -> Int? {
    unsafe bytes.withUnsafeBytes { bytes in
      guard let start = unsafe bytes.baseAddress.map({ unsafe $0 + position }), position < bytes.count,
        let found = unsafe memchr(start, 0xFF, bytes.count - position)
      else { return nil }
      return unsafe position + (UnsafeRawPointer(found) - start)
    }
  }
}
