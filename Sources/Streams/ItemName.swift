// An item's name in a stream: bytes that need not be UTF-8 and are never opened as a path.

import FoundationEssentials

/// The name of one item: a tar member's name, a file's path, an object's key.
package struct ItemName: Hashable, Sendable {
  /// The name as received, in its original encoding.
  package let bytes: [UInt8]

  /// At most this many bytes: the longest name whose error record stays within `ErrorRecord.maximumSize`.
  package static let maximumLength = 8192

  /// The name of the one item that has none: raw bytes on standard input.
  package static let standardInput = ItemName("-")

  package init(bytes: [UInt8]) { self.bytes = bytes }

  package init(_ text: String) { bytes = Array(text.utf8) }

  /// The name as text, with U+FFFD for what is not UTF-8.
  package var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Whether the bytes are valid UTF-8, so that `text` carries them whole.
  var isText: Bool { String(validating: bytes, as: UTF8.self) != nil }

  /// The name followed by more: `a/cat.jpg` with `.npy`.
  package func appending(_ suffix: String) -> ItemName { ItemName(bytes: bytes + Array(suffix.utf8)) }

  /// The name without the suffix, or nil where it does not end so.
  package func removing(_ suffix: String) -> ItemName? {
    let suffix = Array(suffix.utf8)
    guard bytes.count >= suffix.count, bytes.suffix(suffix.count).elementsEqual(suffix) else { return nil }
    return ItemName(bytes: Array(bytes.dropLast(suffix.count)))
  }

  /// Adds `"image":…`, and `"imageBytes":…` (base64) where the name is not UTF-8, to an object that is being written.
  package func write(to json: inout JSONText) {
    json.member("image", text)
    if !isText { json.member("imageBytes", Data(bytes).base64EncodedString()) }
  }
}
