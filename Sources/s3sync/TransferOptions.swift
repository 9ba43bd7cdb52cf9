// The flags for transfers.

import AWS
import S3

struct TransferOptions: Sendable {
  var attributes = ObjectAttributes()
  /// Of uploads, downloads and copies in parts; nil chooses.
  var partSize: Int64?
  /// --if-none-match, --no-overwrite: an upload or a copy leaves an existing object as it is.
  var onlyIfAbsent = false
  /// Each download is on the disk before it gets its name.
  var isDurable = false
  /// Of a source.
  var followsSymlinks = true
  /// Objects carry the modification times of their files, and files get them back.
  var keepsModificationTime = true
  /// The same for permissions.
  var preservesMode = false
  /// --verify
  var verifies = false
  var isVerbose = false
  /// --limit-rate
  var bytesPerSecond: Int64?
  var jobs = 32

  /// Bytes of a part unless a flag says otherwise: a small share of memory, and few requests a gigabyte.
  static let usualPartSize: Int64 = 16 << 20
  /// A copy within S3 reads nothing here, so its parts may be large; smaller objects are copied by one call, which
  /// also keeps their tags.
  static let copyPartSize: Int64 = 256 << 20
  /// Parts of one object at once.
  static let partsAtOnce = 8
  /// A smaller file or object is held in memory: one read, one write.
  static let smallSize: Int64 = 1 << 20

  /// Bytes of a range of a download, in whole MiB: every parallel transfer has one, and a large object takes fewer
  /// requests; a range is resumed where it broke, so its length costs nothing then.
  func rangeSize(ofObject size: Int64) -> Int64 {
    let share = (size / Int64(Self.partsAtOnce) / Self.smallSize + 1) * Self.smallSize
    return partSize ?? min(max(share, Self.usualPartSize), 4 * Self.usualPartSize)
  }

  /// The attributes of one object: the type follows from its name unless a flag gives one.
  func attributes(forName name: String) -> ObjectAttributes {
    var result = attributes
    if result.contentType == nil { result.contentType = contentType(ofName: name) }
    return result
  }

  /// Those of a file's object: its time and permissions too, where flags do not give them.
  func attributes(forName name: String, of file: OpenFile) -> ObjectAttributes {
    var result = attributes(forName: name)
    func add(_ name: String, _ value: String) {
      if !result.metadata.contains(where: { $0.name.lowercased() == name }) { result.metadata.append((name, value)) }
    }
    if keepsModificationTime { add(FileMetadata.modificationTime, file.modified.decimalSeconds) }
    if preservesMode { add(FileMetadata.mode, String(file.mode, radix: 8)) }
    return result
  }
}

extension TransferOptions {
  /// Reads the flags; throws `SyncError.usage` for invalid values.
  init(_ tool: Tool) throws(SyncError) {
    guard (1...512).contains(tool.transfer.jobs) else { throw .usage("--jobs is 1 to 512") }
    jobs = tool.transfer.jobs
    if let text = tool.transfer.partSize {
      guard let size = byteCount(text), (MultipartPlan.minimumPartSize...MultipartPlan.maximumPartSize).contains(size)
      else { throw .usage("--part-size is 5M to 5G") }
      partSize = size
    }
    if let text = tool.transfer.limitRate {
      guard let rate = byteCount(text) else { throw .usage("--limit-rate is a size: 10M") }
      bytesPerSecond = rate
    }
    followsSymlinks = tool.selection.followSymlinks
    isDurable = tool.transfer.fsync
    verifies = tool.transfer.verify
    isVerbose = tool.transfer.verbose
    let flags = tool.attributes
    onlyIfAbsent = flags.ifNoneMatch || tool.selection.noOverwrite
    keepsModificationTime = !flags.noMtime
    preservesMode = flags.preserveMode
    attributes = try ObjectAttributes(flags)
  }
}

extension ObjectAttributes {
  fileprivate init(_ flags: AttributeFlags) throws(SyncError) {
    self.init()
    contentType = flags.contentType
    contentEncoding = flags.contentEncoding
    contentDisposition = flags.contentDisposition
    cacheControl = flags.cacheControl
    storageClass = flags.storageClass
    encryption = flags.sse ?? (flags.sseKmsKeyId == nil ? nil : "aws:kms")
    kmsKeyID = flags.sseKmsKeyId
    for text in flags.metadata {
      guard let pair = pair(text), isHeaderName(pair.name), pair.value.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
      else { throw .usage("--metadata takes name=value in ASCII, not \"\(text)\"") }
      metadata.append(pair)
    }
    for text in flags.tags {
      guard let pair = pair(text), (1...128).contains(pair.name.unicodeScalars.count),
        pair.value.unicodeScalars.count <= 256, !tags.contains(where: { $0.name == pair.name }), tags.count < 10
      else { throw .usage("--tags takes name=value, at most ten different names, not \"\(text)\"") }
      tags.append(pair)
    }
  }
}

/// The two sides of the first equals sign.
private func pair(_ text: String) -> (name: String, value: String)? {
  let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
  return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
}

private func isHeaderName(_ text: String) -> Bool {
  !text.isEmpty
    && text.utf8.allSatisfy {
      switch $0 {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
        true
      default: false
      }
    }
}
