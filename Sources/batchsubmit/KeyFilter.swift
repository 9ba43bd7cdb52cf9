// Which objects are images to be classified.

import ASCII
import S3
import Streams

/// Keys under a prefix and with one of some endings, without those that imgdecode skips as members of an archive: the
/// predictions of a child would have fewer lines than its manifest, and the child would fail.
struct KeyFilter: Equatable {
  /// Empty for all keys.
  var prefix = Key("")
  /// Compared without regard to the case of ASCII letters; none for any ending.
  var suffixes = [".jpg", ".jpeg"]

  func accepts(_ key: Key) -> Bool {
    key.hasPrefix(prefix) && (suffixes.isEmpty || suffixes.contains { key.bytes.hasSuffixIgnoringASCIICase($0) })
      && !ArchiveItems.isSkipped(ItemName(bytes: key.bytes), suffixes: ArchiveItems.sidecars)
  }
}
