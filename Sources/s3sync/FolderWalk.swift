// A folder's files as a sorted stream, in the order that S3 lists their keys.

import AWS
import Glibc
import S3
import Streams

/// Walks a folder depth first. A folder's names are sorted with a slash after those of folders, so that `foo.txt` comes
/// before what is in `foo/`, as it does in S3.
@Loop
final class FolderWalk: EntryStream {
  private struct Level {
    /// Relative to the root, with a slash at its end; empty for the root.
    let prefix: [UInt8]
    let names: NameList
    var position = 0
  }

  private let root: String
  private let followsSymlinks: Bool
  /// Called with the path of a temporary file that some download has left or is writing.
  private let onTemporary: (String) -> Void
  private var levels: [Level] = []
  /// Folders on the way down, so that a link to one of them is not followed for ever.
  private var ancestors: [FileIdentity] = []
  private var hasStarted = false

  init(root: String, followsSymlinks: Bool, onTemporary: @escaping (String) -> Void = { _ in }) {
    self.root = root.isEmpty ? "." : root
    self.followsSymlinks = followsSymlinks
    self.onTemporary = onTemporary
  }

  func next() throws(SyncError) -> Entry? {
    if !hasStarted {
      hasStarted = true
      guard let names = names(ofFolder: root) else {
        throw .system(SystemError(operation: "read", object: root))
      }
      levels = [Level(prefix: [], names: names)]
      ancestors = [FileIdentity(path: root)].compactMap { $0 }
    }
    while let level = levels.last {
      guard level.position < level.names.count else {
        levels.removeLast()
        if !ancestors.isEmpty { ancestors.removeLast() }
        continue
      }
      levels[levels.count - 1].position += 1
      if let entry = visit(level.prefix, level.names[level.position]) { return entry }
    }
    return nil
  }

  /// The entry of one name; nil where it is a folder, which becomes the next level, or nothing that is transferred.
  private func visit(_ prefix: [UInt8], _ name: ArraySlice<UInt8>) -> Entry? {
    let isFolder = name.last == UInt8(ascii: "/")
    let relative = prefix + name
    let path = path(isFolder ? relative.dropLast() : relative[...])
    let key = Key(bytes: relative)
    if TemporaryFile.isName(isFolder ? name.dropLast() : name) {
      onTemporary(path)
      return nil
    }
    guard key.isText else { return Entry(key: key, kind: .unreadable(reason: "the name is not UTF-8")) }
    if isFolder { return descend(relative, path, key) }
    var status = stat()
    let flags = followsSymlinks ? 0 : AT_SYMLINK_NOFOLLOW
    guard unsafe fstatat(AT_FDCWD, path, &status, flags) == 0 else {
      // Gone since the folder was read: as if it had never been.
      if errno == ENOENT, unsafe lstat(path, &status) != 0 { return nil }
      return Entry(key: key, kind: .unreadable(reason: SystemError.describe(errno == 0 ? ENOENT : errno)))
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG:
      return Entry(
        key: key, size: Int64(status.st_size),
        modified: Timestamp(seconds: Int64(status.st_mtim.tv_sec), nanoseconds: Int32(status.st_mtim.tv_nsec)))
    case S_IFLNK: return nil
    default: return Entry(key: key, kind: .unreadable(reason: "neither a file nor a folder"))
    }
  }

  private func descend(_ relative: [UInt8], _ path: String, _ key: Key) -> Entry? {
    guard let identity = FileIdentity(path: path), !ancestors.contains(identity) else {
      return Entry(key: key, kind: .unreadableFolder(reason: "a link to a folder above it"))
    }
    guard let names = names(ofFolder: path) else {
      return Entry(key: key, kind: .unreadableFolder(reason: SystemError.describe(errno)))
    }
    levels.append(Level(prefix: relative, names: names))
    ancestors.append(identity)
    return nil
  }

  private func path(_ relative: ArraySlice<UInt8>) -> String {
    root + (root.hasSuffix("/") ? "" : "/") + String(decoding: relative, as: UTF8.self)
  }

  /// Which names are folders depends on whether links are followed.
  private func names(ofFolder folder: String) -> NameList? {
    NameList(folder: folder, followsSymlinks: followsSymlinks)
  }
}

/// A file's device and inode.
struct FileIdentity: Equatable {
  let device: UInt
  let inode: UInt

  init?(path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    device = UInt(status.st_dev)
    inode = UInt(status.st_ino)
  }
}
