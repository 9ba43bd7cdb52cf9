// A file that is being uploaded, and whether it or its name has changed.

import AWS
import Glibc
import POSIX
import Streams

final class OpenFile: Sendable {
  private let file: Descriptor
  let size: Int64
  let modified: Timestamp
  /// Type and permissions, as `stat` has them.
  let mode: UInt32
  private let path: String
  private let followsSymlinks: Bool
  /// Of the descriptor and of the name when the file was opened. They differ where the file system has no stable inode
  /// numbers, so each is compared with itself.
  private let state: FileState
  private let namedState: FileState?

  /// Throws for everything that is not a regular file: reading a pipe could wait without limit.
  init(_ path: String, followsSymlinks: Bool) throws(SystemError) {
    self.path = path
    self.followsSymlinks = followsSymlinks
    file = try Descriptor.open(file: path, O_RDONLY | O_NONBLOCK | (followsSymlinks ? 0 : O_NOFOLLOW))
    var status = stat()
    guard unsafe fstat(file.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw SystemError(code: EINVAL, operation: "read as a regular file", object: path)
    }
    size = Int64(status.st_size)
    modified = Timestamp(seconds: Int64(status.st_mtim.tv_sec), nanoseconds: Int32(status.st_mtim.tv_nsec))
    mode = status.st_mode
    state = FileState(status)
    namedState = FileState(path, followsSymlinks: followsSymlinks)
  }

  /// Valid for as long as this object lives.
  var descriptor: CInt { file.rawValue }

  /// Whether the bytes may differ from those when the file was opened, or the name refers to another file by now.
  var hasChanged: Bool {
    guard !hasChangedBytes, let namedState, namedState.hasSameBytes(as: state) else { return true }
    return FileState(path, followsSymlinks: followsSymlinks) != namedState
  }

  /// Whether the open file's bytes may differ from those when it was opened; the file that its name refers to now does
  /// not count.
  var hasChangedBytes: Bool {
    var status = stat()
    return unsafe fstat(descriptor, &status) != 0 || FileState(status) != state
  }

  /// Modification time of the file that the name refers to now; nil where there is none.
  var currentlyModified: Timestamp? { FileState(path, followsSymlinks: followsSymlinks)?.modified }

  /// The `size` bytes of the file; an error where there are fewer by now.
  func contents() throws(SystemError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Int(size))
    try mapError {
      SystemError($0, operation: "read", object: path)
    } of: { () throws(Errno) in
      try readExactly(descriptor, into: &bytes, at: 0)
    }
    return bytes
  }
}

/// What changes with a file's contents: every write changes the time of change, even where the time of modification is
/// set back.
private struct FileState: Equatable, Sendable {
  let device: UInt64
  let inode: UInt64
  let size: Int64
  let modified: Timestamp
  let changed: Timestamp

  init(_ status: stat) {
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    size = Int64(status.st_size)
    modified = Timestamp(seconds: Int64(status.st_mtim.tv_sec), nanoseconds: Int32(status.st_mtim.tv_nsec))
    changed = Timestamp(seconds: Int64(status.st_ctim.tv_sec), nanoseconds: Int32(status.st_ctim.tv_nsec))
  }
  /// The state of the file that a name refers to; nil where there is none.
  init?(_ path: String, followsSymlinks: Bool) {
    var status = stat()
    guard unsafe fstatat(AT_FDCWD, path, &status, followsSymlinks ? 0 : AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
    self.init(status)
  }

  /// Whether all but the inode is the same.
  func hasSameBytes(as other: FileState) -> Bool {
    size == other.size && modified == other.modified && changed == other.changed
  }
}
