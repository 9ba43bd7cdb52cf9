// The state of an unfinished download, in a second file: which object it is of, and which ranges have arrived.

import FoundationEssentials
import Glibc
import POSIX
import S3
import Streams

/// The contents of a `.record` file: a line for the object, then one for each range that has arrived, as it arrives.
/// A last line that was cut off by a crash is ignored.
struct DownloadRecord {
  /// Which bytes a download is of.
  struct Identity: Codable, Equatable {
    let object: String
    let versionID: String?
    let etag: String
    let size: Int64
  }

  private struct Header: Codable {
    let identity: Identity
    let rangeSize: Int64
    let inode: UInt64
  }

  private struct Line: Codable {
    let range: Int
    let crc32: UInt32
  }

  let identity: Identity
  let rangeSize: Int64
  /// Of the temporary file, so that no other file is taken for it.
  let inode: UInt64
  /// CRC-32 of the ranges that have arrived, by index.
  var checksums: [Int: UInt32] = [:]

  /// Longer records are not read: 10,000 ranges need less.
  private static let limit = 4 << 20

  /// Reads a record of this user; nil where there is none that can be used.
  static func read(_ name: TemporaryName, in folder: OpenFolder) -> DownloadRecord? {
    guard
      let file = try? Descriptor(
        opening: name.record, in: folder.descriptor, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    else { return nil }
    var status = stat()
    guard unsafe fstat(file.rawValue, &status) == 0, status.st_uid == geteuid(), status.st_mode & S_IFMT == S_IFREG,
      status.st_size <= limit
    else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    guard (try? readExactly(file.rawValue, into: &bytes, at: 0)) != nil else { return nil }
    return DownloadRecord(bytes)
  }

  init?(_ bytes: [UInt8]) {
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
    guard let first = lines.first, let header = try? JSONDecoder().decode(Header.self, from: Data(first)),
      header.identity.size > 0, header.rangeSize > 0, header.identity.size / header.rangeSize < 100_000
    else { return nil }
    identity = header.identity
    rangeSize = header.rangeSize
    inode = header.inode
    let plan = MultipartPlan(size: identity.size, exactPartSize: rangeSize)
    for text in lines.dropFirst() {
      guard let line = try? JSONDecoder().decode(Line.self, from: Data(text)), (0..<plan.partCount).contains(line.range)
      else { continue }
      checksums[line.range] = line.crc32
    }
  }

  init(_ identity: Identity, rangeSize: Int64, inode: UInt64) {
    self.identity = identity
    self.rangeSize = rangeSize
    self.inode = inode
  }

  /// The first line.
  var header: [UInt8] { Self.encode(Header(identity: identity, rangeSize: rangeSize, inode: inode)) }

  /// The line of a range that has arrived.
  static func line(range: Int, crc32: UInt32) -> [UInt8] { encode(Line(range: range, crc32: crc32)) }

  private static func encode(_ value: some Encodable) -> [UInt8] {
    guard let data = try? JSONEncoder().encode(value) else { preconditionFailure("numbers and texts are JSON") }
    return Array(data) + [UInt8(ascii: "\n")]
  }
}
