// Which objects are images to be classified.

import ASCII
import S3

/// Keys under a prefix and with one of some endings.
struct KeyFilter: Equatable {
  /// Empty for all keys.
  var prefix = Key("")
  /// Compared without regard to the case of ASCII letters; none for any ending.
  var suffixes = [".jpg", ".jpeg"]

  func accepts(_ key: Key) -> Bool {
    key.hasPrefix(prefix) && (suffixes.isEmpty || suffixes.contains { hasSuffix(key.bytes, $0) })
  }

  private func hasSuffix(_ key: [UInt8], _ suffix: String) -> Bool {
    key.suffix(suffix.utf8.count).equalsIgnoringASCIICase(suffix.utf8)
  }
}
