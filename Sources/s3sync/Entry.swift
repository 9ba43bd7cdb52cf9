// One line of either side's listing.

import AWS
import HTTP
import S3

/// A file or an object, named relative to its folder or prefix.
struct Entry: Equatable, Sendable {
  enum Kind: Equatable, Sendable {
    case item
    /// It exists and cannot be transferred; at the target, it is not a regular file.
    case unreadable(reason: String)
    /// A folder that cannot be read; its key ends in a slash. What is below it is unknown.
    case unreadableFolder(reason: String)
  }

  var key: Key
  var size: Int64 = 0
  /// Nil where the service does not say.
  var modified: Timestamp?
  /// Of an object, without quotes.
  var etag: String?
  var kind = Kind.item
}

/// A sorted stream of entries, each key once, in order of UTF-8 bytes.
@Loop protocol EntryStream: AnyObject {
  /// The next entry, or nil at the end; what it throws makes the whole listing useless.
  func next() async throws(SyncError) -> Entry?
}
