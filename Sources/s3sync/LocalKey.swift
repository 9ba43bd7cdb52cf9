// Which keys may become paths below a folder.

import S3

/// Why a key is not a path below the target folder; nil where it is one.
func pathProblem(_ key: Key) -> String? {
  if key.bytes.isEmpty { return "an empty name" }
  if key.bytes.contains(0) { return "the key holds a zero byte" }
  for component in key.bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
    if component.isEmpty { return "the key has an empty folder or file name" }
    if component.elementsEqual([0x2E]) || component.elementsEqual([0x2E, 0x2E]) {
      return "the key would leave its folder"
    }
    if component.count > 255 { return "a name of more than 255 bytes" }
    if TemporaryName(component) != nil { return "the name is reserved for unfinished downloads" }
  }
  return nil
}

extension Key {
  /// The names that slashes separate. As bytes: of Swift's characters a slash and a combining mark after it are one.
  var names: [String] { bytes.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) } }
}

/// Finds keys of a sorted stream that cannot be files side by side: `a` and `a/b`, and, where the target ignores case, `A`
/// and `a`.
struct CollisionDetector {
  let ignoresCase: Bool
  /// The keys so far that begin the current one, each the beginning of the next.
  private var beginnings: [Key] = []
  /// Hashes of the keys so far, folded, where case is ignored.
  private var folded: Set<UInt64> = []

  init(ignoresCase: Bool) { self.ignoresCase = ignoresCase }

  /// What the key collides with; nil where it is free, and it is remembered.
  ///
  /// - Parameter key: greater than all before.
  mutating func problem(_ key: Key) -> String? {
    while let last = beginnings.last, !key.hasPrefix(last) { beginnings.removeLast() }
    for beginning in beginnings where key.bytes[beginning.bytes.count] == UInt8(ascii: "/") {
      return "there is an object \(printableKey(beginning)), which cannot be a file and a folder"
    }
    beginnings.append(key)
    if ignoresCase {
      let hash = stableHash(Array(key.text.lowercased().utf8))
      guard folded.insert(hash).inserted else {
        return "another key differs by case alone, and the target ignores case"
      }
    }
    return nil
  }
}

private func printableKey(_ key: Key) -> String { "\"\(key.text)\"" }

/// FNV-1a of 64 bits: the same in every run.
func stableHash(_ bytes: [UInt8]) -> UInt64 {
  bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
}
