// Which object a downloaded file came from, in an extended attribute: a later run then need not ask for the metadata of
// a file whose time is not the object's.

import AWS
import CLinux
import Glibc

/// The attribute `user.s3sync.source`: the object's entity tag and time as listed, and the time that the file was given.
struct DownloadMark: Equatable {
  private static let name = "user.s3sync.source"

  let etag: String
  let listed: Timestamp
  let given: Timestamp

  private var text: String { "\(etag) \(listed.seconds) \(given.decimalSeconds)" }

  /// Best effort: many file systems have no such attributes.
  func write(to descriptor: CInt) {
    let bytes = Array(text.utf8)
    _ = unsafe fsetxattr(descriptor, Self.name, bytes, bytes.count, 0)
  }

  func write(to path: String) {
    let bytes = Array(text.utf8)
    _ = unsafe lsetxattr(path, Self.name, bytes, bytes.count, 0)
  }

  /// Whether the file at a path has exactly this mark.
  func isOn(_ path: String) -> Bool {
    let expected = Array(text.utf8)
    var found = [UInt8](repeating: 0, count: expected.count + 1)
    let count = unsafe lgetxattr(path, Self.name, &found, found.count)
    return count == expected.count && found.dropLast().elementsEqual(expected)
  }
}
