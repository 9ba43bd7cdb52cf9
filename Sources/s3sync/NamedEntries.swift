// --files-from between two sides: the names of a list, looked up one by one instead of listing everything.

import AWS
import Glibc
import HTTP
import POSIX
import S3
import Streams

/// Sorted names, each looked up shortly before its turn.
@Loop
final class NamedEntries: EntryStream {
  typealias Lookup = @Loop (Key) async -> Result<Entry?, SyncError>

  private let names: [Key]
  private let limit: Int
  private let lookup: Lookup
  private var nextName = 0
  private var pending: [Task<Result<Entry?, SyncError>, Never>] = []

  /// - Parameters:
  ///   - names: sorted, each once.
  ///   - limit: lookups at once.
  ///   - lookup: gives nil for a name that nothing has.
  init(_ names: [Key], limit: Int, lookup: @escaping Lookup) {
    self.names = names
    self.limit = limit
    self.lookup = lookup
  }

  func next() async throws(SyncError) -> Entry? {
    while true {
      while pending.count < limit, nextName < names.count {
        let (name, lookup) = (names[nextName], self.lookup)
        nextName += 1
        pending.append(Loop.task { await lookup(name) })
      }
      guard !pending.isEmpty else { return nil }
      if let entry = try await pending.removeFirst().valueCancelledWithCaller.get() { return entry }
    }
  }
}

/// A list of names relative to a source, sorted, each once. Object records and `s3://` URIs below the source's prefix are
/// names too.
///
/// - Parameter prefix: of a source in S3.
@Loop
func readNames(_ lines: LineReader, below prefix: ObjectURI?) async throws(SyncError) -> [Key] {
  var names = Set<Key>()
  while let line = try await lines.next() {
    if line.isEmpty { continue }
    var name = Key(bytes: Array(line))
    if let prefix, let record = ObjectRecord(line: line) {
      guard record.bucket == prefix.bucket, record.key.hasPrefix(prefix.key) else {
        throw .malformedLine(number: lines.number)
      }
      name = record.key.droppingFirst(prefix.key.bytes.count)
    }
    guard name.isText, !name.bytes.isEmpty, name.bytes.count <= Key.maximumLength else {
      throw .malformedLine(number: lines.number)
    }
    names.insert(name)
  }
  return names.sorted()
}

/// The entry of a file below a folder.
///
/// - Parameters:
///   - folder: ends in a slash.
///   - isSource: what is missing is then a failure.
func entry(ofFile key: Key, in folder: String, links: LinkPolicy, isSource: Bool) -> Entry? {
  if let problem = pathProblem(key) { return isSource ? Entry(key: key, kind: .unreadable(reason: problem)) : nil }
  var status = stat()
  guard unsafe fstatat(AT_FDCWD, folder + key.text, &status, links == .follow ? 0 : AT_SYMLINK_NOFOLLOW) == 0 else {
    return isSource ? Entry(key: key, kind: .unreadable(reason: Errno().description)) : nil
  }
  guard FileKind(mode: status.st_mode) == .file else {
    return Entry(key: key, kind: .unreadable(reason: "not a regular file"))
  }
  return Entry(
    key: key, size: Int64(status.st_size),
    modified: Timestamp(seconds: Int64(status.st_mtim.tv_sec), nanoseconds: Int32(status.st_mtim.tv_nsec)))
}

/// The entry of an object below a prefix.
@Loop
func entry(
  ofObject key: Key, below prefix: ObjectURI, _ client: S3.Client, isSource: Bool
) async -> Result<Entry?, SyncError> {
  await Result { () async throws(SyncError) in
    let description = try await call { () async throws(ServiceError) in
      try await client.headIfPresent(GetRequest(object(prefix, key)))
    }
    guard let description else {
      return isSource ? Entry(key: key, kind: .unreadable(reason: "no such object")) : nil
    }
    return Entry(key: key, size: description.size, modified: description.lastModified, etag: description.etag)
  }
}
