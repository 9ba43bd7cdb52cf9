// s3://bucket/key

import ASCII

/// The name of an object, or a prefix: all objects whose keys begin with it.
package struct ObjectURI: Hashable, Sendable, CustomStringConvertible {
  package let bucket: String
  /// Raw, not percent-encoded; empty for a whole bucket.
  package let key: Key

  package init(bucket: String, key: Key) {
    self.bucket = bucket
    self.key = key
  }

  /// Reads `s3://bucket/key`; nil where it is not that or the bucket's name cannot be one.
  package init?(_ text: String) {
    guard text.utf8.starts(with: "s3://".utf8) else { return nil }
    let rest = text.utf8.dropFirst(5)
    let bucket = Self.bucket(rest)
    guard isBucketName(bucket) else { return nil }
    self.init(bucket: bucket, key: Key(bytes: Array(rest.dropFirst(bucket.utf8.count + 1))))
    guard key.bytes.count <= Key.maximumLength else { return nil }
  }

  /// What stands in the place of the bucket: up to the first slash; of an access point's ARN, up to the second.
  private static func bucket(_ text: Substring.UTF8View) -> String {
    var end = text.firstIndex(of: UInt8(ascii: "/")) ?? text.endIndex
    let isAccessPoint =
      text.starts(with: "arn:".utf8) && text[..<end].reversed().starts(with: ":accesspoint".utf8.reversed())
    if isAccessPoint, end < text.endIndex {
      end = text[text.index(after: end)...].firstIndex(of: UInt8(ascii: "/")) ?? text.endIndex
    }
    return String(decoding: text[..<end], as: UTF8.self)
  }

  /// Whether this means every key that begins so, rather than one object.
  package var isPrefix: Bool { key.bytes.isEmpty || key.endsInSlash }

  package var description: String { "s3://\(bucket)/\(key.text)" }
}

/// Names that can be a part of a path or a host, and access points by their ARNs. Old buckets may hold capitals and
/// underscores.
package func isBucketName(_ name: String) -> Bool {
  if name.hasPrefix("arn:") {
    return (20...255).contains(name.utf8.count)
      && name.utf8.allSatisfy { $0.isASCIILetter || $0.isASCIIDigit || "-._:/".utf8.contains($0) }
  }
  return (3...255).contains(name.utf8.count)
    && name.utf8.allSatisfy { $0.isASCIILetter || $0.isASCIIDigit || "-._".utf8.contains($0) }
    && !name.utf8.allSatisfy { $0 == UInt8(ascii: ".") }
}
