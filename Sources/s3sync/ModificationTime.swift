// A file's modification time as objects carry it: rclone's metadata, decimal seconds since 1970.
// https://rclone.org/s3/#modification-times-and-hashes

import ASCII
import AWS
import S3

/// Names of user metadata.
enum FileMetadata {
  /// `1700000000.123456789`
  static let modificationTime = "mtime"
  /// Octal, with the file type: `100644`.
  static let mode = "mode"
}

extension Timestamp {
  /// Decimal seconds, without zeros at the end: `1700000000.25`, `-0.5`.
  var decimalSeconds: String {
    let isNegative = seconds < 0
    let whole = isNegative && nanoseconds > 0 ? seconds + 1 : seconds
    let rest = isNegative && nanoseconds > 0 ? 1_000_000_000 - nanoseconds : nanoseconds
    var text = (isNegative ? "-" : "") + String(whole.magnitude)
    if rest > 0 {
      var digits = zeroPadded(String(rest), to: 9)
      while digits.hasSuffix("0") { digits.removeLast() }
      text += "." + digits
    }
    return text
  }

  /// Reads decimal seconds; digits beyond nanoseconds are dropped. Nil for anything else, and beyond the year 9999.
  init?(decimalSeconds text: String) {
    let isNegative = text.hasPrefix("-")
    let pieces = text.dropFirst(isNegative ? 1 : 0).split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(pieces.count), pieces.allSatisfy({ $0.utf8.allSatisfy(\.isASCIIDigit) }),
      let whole = Int64(pieces[0]), whole < 253_402_300_800
    else { return nil }
    var nanoseconds: Int32 = 0
    if pieces.count == 2 {
      let digits = pieces[1].prefix(9)
      guard let value = Int32(digits + String(repeating: "0", count: 9 - digits.utf8.count)) else { return nil }
      nanoseconds = value
    }
    if isNegative {
      self.init(
        seconds: nanoseconds > 0 ? -whole - 1 : -whole, nanoseconds: nanoseconds > 0 ? 1_000_000_000 - nanoseconds : 0)
    } else {
      self.init(seconds: whole, nanoseconds: nanoseconds)
    }
  }
}

extension ObjectDescription {
  /// The modification time of the file that the object was made from; nil where it does not say.
  var fileModified: Timestamp? { metadata(FileMetadata.modificationTime).flatMap(Timestamp.init(decimalSeconds:)) }

  /// The permission bits of that file, without set-user-ID, set-group-ID and sticky.
  var fileMode: UInt32? { metadata(FileMetadata.mode).flatMap { UInt32($0, radix: 8) }.map { $0 & 0o777 } }
}
