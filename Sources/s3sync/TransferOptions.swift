// What the flags say about transfers.

import S3

struct TransferOptions: Sendable {
  var attributes = ObjectAttributes()
  /// Of uploads, downloads and copies in parts; nil chooses.
  var partSize: Int64?
  /// An upload or a copy leaves an object that is there alone.
  var onlyIfAbsent = false
  /// Each download is on the disk before it gets its name.
  var isDurable = false
  var followsSymlinks = true
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

  /// Bytes of a range of a download, in whole MiB: every transfer at once has one, and a large object takes fewer
  /// requests; a range is taken up where it broke, so its length costs nothing then.
  func rangeSize(ofObject size: Int64) -> Int64 {
    let share = (size / Int64(Self.partsAtOnce) / Self.smallSize + 1) * Self.smallSize
    return partSize ?? min(max(share, Self.usualPartSize), 4 * Self.usualPartSize)
  }

  /// The attributes of one object: the type by its name unless a flag gives one.
  func attributes(forName name: String) -> ObjectAttributes {
    var result = attributes
    if result.contentType == nil { result.contentType = contentType(ofName: name) }
    return result
  }
}

extension TransferOptions {
  /// Reads the flags; throws `SyncError.usage` for values that make no sense.
  init(_ tool: Tool) throws(SyncError) {
    guard (1...512).contains(tool.transfer.jobs) else { throw .usage("--jobs is 1 to 512") }
    jobs = tool.transfer.jobs
    if let text = tool.transfer.partSize {
      guard let size = byteCount(text), (MultipartPlan.minimumPartSize...MultipartPlan.maximumPartSize).contains(size)
      else { throw .usage("--part-size is 5M to 5G") }
      partSize = size
    }
    if tool.selection.sizeOnly && tool.selection.checksum {
      throw .usage("--size-only and --checksum exclude each other")
    }
    followsSymlinks = tool.selection.followSymlinks
    isDurable = tool.transfer.fsync
    let flags = tool.attributes
    onlyIfAbsent = flags.ifNoneMatch
    attributes.contentType = flags.contentType
    attributes.cacheControl = flags.cacheControl
    attributes.storageClass = flags.storageClass
    attributes.encryption = flags.sse ?? (flags.sseKmsKeyId == nil ? nil : "aws:kms")
    attributes.kmsKeyID = flags.sseKmsKeyId
    for pair in flags.metadata {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, isHeaderName(parts[0]), parts[1].utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
        throw .usage("--metadata takes name=value in ASCII, not \"\(pair)\"")
      }
      attributes.metadata.append((String(parts[0]), String(parts[1])))
    }
  }
}

private func isHeaderName(_ text: Substring) -> Bool {
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
