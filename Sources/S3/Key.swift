// An object's key: bytes, in S3's order.

import Glibc

/// An object's key. Two keys are the same when their bytes are, so `é` composed and decomposed are two keys.
package struct Key: Hashable, Comparable, Sendable {
  /// UTF-8, 1 ... 1,024 bytes where it names an object; a prefix may be empty.
  package let bytes: [UInt8]

  package static let maximumLength = 1024

  package init(bytes: [UInt8]) { self.bytes = bytes }

  package init(_ text: String) { bytes = Array(text.utf8) }

  /// The key as text: for messages, URLs and JSON.
  package var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Whether the bytes are UTF-8, as every key's are.
  package var isText: Bool { String(validating: bytes, as: UTF8.self) != nil }

  /// Order by UTF-8 bytes, as S3 lists.
  package static func < (left: Key, right: Key) -> Bool {
    unsafe left.bytes.withUnsafeBytes { left in
      unsafe right.bytes.withUnsafeBytes { right in
        let common = min(left.count, right.count)
        let order = common == 0 ? 0 : unsafe memcmp(left.baseAddress!, right.baseAddress!, common)
        return order == 0 ? left.count < right.count : order < 0
      }
    }
  }

  package func hasPrefix(_ prefix: Key) -> Bool { bytes.starts(with: prefix.bytes) }

  /// What follows the first `count` bytes.
  package func droppingFirst(_ count: Int) -> Key { Key(bytes: Array(bytes.dropFirst(count))) }

  package func appending(_ other: Key) -> Key { Key(bytes: bytes + other.bytes) }

  /// A zero-byte object that stands for a folder in consoles.
  package var endsInSlash: Bool { bytes.last == UInt8(ascii: "/") }
}
