// Which objects are images to be classified.

import S3

/// Keys under a prefix and with one of some endings.
struct Filter: Equatable {
  /// Empty for all keys.
  var prefix = Key("")
  /// Compared without regard to the case of ASCII letters; none for any ending.
  var suffixes = [".jpg", ".jpeg"]

  func accepts(_ key: Key) -> Bool {
    key.hasPrefix(prefix) && (suffixes.isEmpty || suffixes.contains { hasSuffix(key.bytes, $0) })
  }

  private func hasSuffix(_ key: [UInt8], _ suffix: String) -> Bool {
    key.count >= suffix.utf8.count
      && zip(key.suffix(suffix.utf8.count), suffix.utf8).allSatisfy { lowercased($0) == lowercased($1) }
  }
}

private func lowercased(_ byte: UInt8) -> UInt8 {
  (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
}
