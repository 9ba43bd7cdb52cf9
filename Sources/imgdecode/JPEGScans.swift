// How many scans a JPEG has, without decoding any.

/// The scans of a JPEG (T.81, section B.2.1), counted by their headers.
struct JPEGScans: Equatable {
  /// Scan headers before the end of the image.
  private(set) var count = 0
  /// Whether the first scan is followed by the number of lines (DNL).
  private(set) var definesHeight = false
  /// The bytes before a segment that the end of the file cuts; all of them where no segment is cut.
  private(set) var wholeBytes: Int

  /// - Parameter bytes: a JPEG whose header is sound.
  init(_ bytes: [UInt8]) {
    wholeBytes = bytes.count
    var segments = JPEGSegments(bytes)
    do throws(DecodeError) {
      // In image data FF is followed by 00, or by a restart marker, which stands alone: the walk passes over both.
      while let segment = try segments.next() {
        if segment.marker == 0xD9 { return }
        if segment.marker == 0xDA { count += 1 }
        if segment.marker == 0xDC, count == 1 { definesHeight = true }
      }
    } catch {
      if error == .truncated { wholeBytes = segments.markerOffset }
    }
  }
}
