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

  /// The attributes of one object: the type by its name unless a flag gives one.
  func attributes(forName name: String) -> ObjectAttributes {
    var result = attributes
    if result.contentType == nil { result.contentType = contentType(ofName: name) }
    return result
  }
}
