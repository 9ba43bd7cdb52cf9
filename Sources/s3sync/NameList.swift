// The names in one folder, sorted, folders with a slash at their end; compact, for there may be millions.

import Glibc
import POSIX

/// Sorted names, one after the other in one buffer.
struct NameList {
  private var bytes: [UInt8] = []
  /// Where each name starts in `bytes`; it reaches to the zero byte after it.
  private var starts: [UInt32] = []

  var count: Int { starts.count }

  /// One name, as it is in the buffer.
  struct Name {
    /// Ends in a slash where it is a folder's.
    let bytes: ArraySlice<UInt8>

    var isFolder: Bool { bytes.last == UInt8(ascii: "/") }
  }

  subscript(index: Int) -> Name {
    let start = Int(starts[index])
    return Name(bytes: bytes[start..<(bytes[start...].firstIndex(of: 0) ?? bytes.endIndex)])
  }

  /// Reads a folder.
  ///
  /// - Parameters:
  ///   - isRoot: the folder is one that the user named, so it may be a link.
  ///   - followsSymlinks: a link to a folder is a folder.
  init(folder: String, isRoot: Bool = false, followsSymlinks: Bool) throws(Errno) {
    let opened = try Descriptor(
      opening: folder, O_RDONLY | O_DIRECTORY | (isRoot || followsSymlinks ? 0 : O_NOFOLLOW))
    let descriptor = opened.rawValue
    guard let handle = unsafe fdopendir(descriptor) else { throw Errno() }
    // From here on the handle owns it.
    _ = opened.release()
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
      if Self.isFolder(type, descriptor, name, followsSymlinks: followsSymlinks) { bytes.append(UInt8(ascii: "/")) }
      bytes.append(0)
      guard let offset = UInt32(exactly: start) else { throw Errno(EOVERFLOW) }
      starts.append(offset)
      errno = 0
    }
    guard errno == 0 else { throw Errno() }
    unsafe bytes.withUnsafeBufferPointer { bytes in
      guard let base = unsafe UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self) else { return }
      // No name holds a zero byte, so comparing as C strings, whose bytes are unsigned, is comparing by bytes.
      starts.sort { unsafe strcmp(base + Int($0), base + Int($1)) < 0 }
    }
  }

  private static func isFolder(
    _ type: Int, _ folder: CInt, _ name: ArraySlice<UInt8>, followsSymlinks: Bool
  ) -> Bool {
    switch type {
    case 4: return true  // DT_DIR
    case 0, 10:  // DT_UNKNOWN, DT_LNK
      var status = stat()
      let name = name.map { CChar(truncatingIfNeeded: $0) } + [0]
      let flags = followsSymlinks ? 0 : AT_SYMLINK_NOFOLLOW
      return unsafe fstatat(folder, name, &status, flags) == 0 && status.st_mode & S_IFMT == S_IFDIR
    default: return false
    }
  }
}
