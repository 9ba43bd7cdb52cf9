// s3://bucket/key

/// The name of an object, or of a prefix: of everything whose key begins so.
public struct ObjectURI: Hashable, Sendable, CustomStringConvertible {
  public let bucket: String
  /// Raw, not percent-encoded; empty for a whole bucket.
  public let key: Key

  public init(bucket: String, key: Key) {
    self.bucket = bucket
    self.key = key
  }

  /// Reads `s3://bucket/key`; nil where it is not that or the bucket's name cannot be one.
  public init?(_ text: String) {
    guard text.utf8.starts(with: "s3://".utf8) else { return nil }
    let rest = text.utf8.dropFirst(5)
    let bucket = String(decoding: rest.prefix { $0 != UInt8(ascii: "/") }, as: UTF8.self)
    guard isBucketName(bucket) else { return nil }
    self.init(bucket: bucket, key: Key(bytes: Array(rest.dropFirst(bucket.utf8.count + 1))))
    guard key.bytes.count <= Key.maximumLength else { return nil }
  }

  /// Whether this means every key that begins so, rather than one object.
  public var isPrefix: Bool { key.bytes.isEmpty || key.endsInSlash }

  public var description: String { "s3://\(bucket)/\(key.text)" }
}

/// Names that can be a part of a path or a host: old buckets may hold capitals and underscores.
public func isBucketName(_ name: String) -> Bool {
  (3...255).contains(name.utf8.count)
    && name.utf8.allSatisfy {
      switch $0 {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
        true
      default: false
      }
    } && !name.utf8.allSatisfy { $0 == UInt8(ascii: ".") }
}
