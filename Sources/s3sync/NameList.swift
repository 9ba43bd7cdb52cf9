// The names in one folder, sorted, folders with a slash at their end: few bytes each, since there may be millions.

import Glibc

/// Sorted names, one after the other in one buffer.
struct NameList {
  private var bytes: [UInt8] = []
  /// Where each name starts in `bytes`; it reaches to the zero byte after it.
  private var starts: [UInt32] = []

  var count: Int { starts.count }

  subscript(index: Int) -> ArraySlice<UInt8> {
    let start = Int(starts[index])
    return bytes[start..<(bytes[start...].firstIndex(of: 0) ?? bytes.endIndex)]
  }

  /// Reads a folder; nil, with `errno` set, where it cannot be read.
  init?(folder: String, followsSymlinks: Bool) {
    guard let handle = unsafe opendir(folder) else { return nil }
    defer { unsafe closedir(handle) }
    errno = 0
    while let entry = unsafe readdir(handle) {
      let start = bytes.count
      unsafe withUnsafeBytes(of: &entry.pointee.d_name) { unsafe bytes.append(contentsOf: $0.prefix { $0 != 0 }) }
      let name = bytes[start...]
      if name.elementsEqual([0x2E]) || name.elementsEqual([0x2E, 0x2E]) {
        bytes.removeSubrange(start...)
        continue
      }
      let type = unsafe Int(entry.pointee.d_type)
      if Self.isFolder(type, folder, name, followsSymlinks: followsSymlinks) { bytes.append(UInt8(ascii: "/")) }
      bytes.append(0)
      guard let offset = UInt32(exactly: start) else {
        errno = EOVERFLOW
        return nil
      }
      starts.append(offset)
      errno = 0
    }
    guard errno == 0 else { return nil }
    unsafe bytes.withUnsafeBufferPointer { bytes in
      guard let base = unsafe UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self) else { return }
      // No name holds a zero byte, so comparing as C strings, whose bytes are unsigned, is comparing by bytes.
      starts.sort { unsafe strcmp(base + Int($0), base + Int($1)) < 0 }
    }
  }

  private static func isFolder(
    _ type: Int, _ folder: String, _ name: ArraySlice<UInt8>, followsSymlinks: Bool
  ) -> Bool {
    switch type {
    case 4: return true  // DT_DIR
    case 0, 10:  // DT_UNKNOWN, DT_LNK
      var status = stat()
      let path = folder + "/" + String(decoding: name, as: UTF8.self)
      let flags = followsSymlinks ? 0 : AT_SYMLINK_NOFOLLOW
      return unsafe fstatat(AT_FDCWD, path, &status, flags) == 0 && status.st_mode & S_IFMT == S_IFDIR
    default: return false
    }
  }
}
