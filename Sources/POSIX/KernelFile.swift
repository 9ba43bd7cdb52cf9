// Reads the small text files of /proc and /sys.

import Glibc

/// The first 4 KiB of a file below /proc or /sys; nil where it cannot be read.
package func kernelFile(_ path: String) -> String? {
  guard let file = try? Descriptor(opening: path, O_RDONLY) else { return nil }
  var bytes = [UInt8](repeating: 0, count: 4096)
  guard let count = try? read(file.rawValue, into: &bytes, 0..<bytes.count) else { return nil }
  return String(decoding: bytes[..<count], as: UTF8.self)
}
