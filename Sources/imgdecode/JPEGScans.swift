// Whether a JPEG's compressed data has an end.

/// Walks the scans of a JPEG without decoding them (T.81, section B.1.1.5).
enum JPEGScans {
  /// Whether an end-of-image marker follows the compressed data.
  ///
  /// - Parameter bytes: a JPEG whose header is sound.
  static func isComplete(_ bytes: [UInt8]) -> Bool {
    var segments = JPEGSegments(bytes)
    // In compressed data FF is followed by 00, or by a restart marker, which stands alone: the walk passes over both.
    while let segment = try? segments.next() {
      if segment.marker == 0xD9 { return true }
    }
    return false
  }
}
