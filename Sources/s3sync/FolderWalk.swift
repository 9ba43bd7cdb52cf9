// A folder's files as a sorted stream, in the order that S3 lists their keys.

import AWS
import Glibc
import HTTP
import POSIX
import S3
import Streams

/// How a walk treats symbolic links.
enum LinkPolicy {
  /// Of a source: a link is what it leads to.
  case follow
  /// Of a source: links are left out.
  case skip
  /// Of a target: a link is an item that is not a regular file.
  case report
}

/// Walks a folder depth first. A folder's names are sorted with a slash after those of folders, so that `foo.txt` comes
/// before what is in `foo/`, as it does in S3. A folder below which the filter admits nothing is not opened.
@Loop
final class FolderWalk: EntryStream {
  private struct Level {
    /// Relative to the root, with a slash at its end; empty for the root.
    let prefix: [UInt8]
    let names: NameList
    /// Folders above are not descended into once more through a link.
    let identity: FileIdentity
    var position = 0
  }

  private enum State {
    case unstarted
    /// From the root down to the folder being read; empty at the end.
    case walking([Level])
  }

  private let root: String
  private let links: LinkPolicy
  private let filter: Filter
  /// Called for each temporary file of a download, with the folder that it is in.
  private let onTemporary: (TemporaryName, Key) -> Void
  private var state = State.unstarted

  init(
    root: String, links: LinkPolicy, filter: Filter = Filter(),
    onTemporary: @escaping (TemporaryName, Key) -> Void = { _, _ in }
  ) {
    self.root = root.isEmpty ? "." : root
    self.links = links
    self.filter = filter
    self.onTemporary = onTemporary
  }

  func next() throws(SyncError) -> Entry? {
    var levels: [Level]
    switch state {
    case .unstarted:
      let top = try mapError {
        SyncError.system(SystemError($0, operation: "read", object: root))
      } of: { () throws(Errno) in
        let names = try NameList(folder: root, isRoot: true, followsSymlinks: links == .follow)
        return Level(prefix: [], names: names, identity: try FileIdentity(path: root))
      }
      levels = [top]
    case .walking(let walked): levels = walked
    }
    // One owner, so that a level's position changes in place.
    state = .walking([])
    defer { state = .walking(levels) }
    while var level = levels.popLast() {
      guard level.position < level.names.count else { continue }
      let name = level.names[level.position]
      level.position += 1
      let prefix = level.prefix
      levels.append(level)
      switch visit(prefix, name, above: levels) {
      case .nothing: continue
      case .entry(let entry): return entry
      case .folder(let below): levels.append(below)
      }
    }
    return nil
  }

  private enum Visit {
    case nothing
    case entry(Entry)
    case folder(Level)
  }

  private func visit(_ prefix: [UInt8], _ name: NameList.Name, above levels: [Level]) -> Visit {
    let relative = prefix + name.bytes
    let key = Key(bytes: relative)
    if let temporary = TemporaryName(name.isFolder ? name.bytes.dropLast() : name.bytes) {
      onTemporary(temporary, Key(bytes: prefix))
      return .nothing
    }
    if name.isFolder {
      if !filter.admitsBelow(key) { return .nothing }
    } else if !filter.admits(key) {
      return .nothing
    }
    guard key.isText else { return .entry(Entry(key: key, kind: .unreadable(reason: "the name is not UTF-8"))) }
    return name.isFolder ? descend(relative, key, above: levels) : file(path(relative[...]), key)
  }

  private func file(_ path: String, _ key: Key) -> Visit {
    var status = stat()
    guard unsafe fstatat(AT_FDCWD, path, &status, links == .follow ? 0 : AT_SYMLINK_NOFOLLOW) == 0 else {
      let code = errno
      // Removed since the folder was read: skipped.
      if code == ENOENT, unsafe lstat(path, &status) != 0 { return .nothing }
      return .entry(Entry(key: key, kind: .unreadable(reason: Errno(code).description)))
    }
    switch FileKind(mode: status.st_mode) {
    case .file:
      let modified = Timestamp(seconds: Int64(status.st_mtim.tv_sec), nanoseconds: Int32(status.st_mtim.tv_nsec))
      return .entry(Entry(key: key, size: Int64(status.st_size), modified: modified))
    case .link where links == .skip: return .nothing
    case .link: return .entry(Entry(key: key, kind: .unreadable(reason: "a symbolic link")))
    case .folder, .special:
      return .entry(Entry(key: key, kind: .unreadable(reason: "neither a regular file nor a folder")))
    }
  }

  private func descend(_ relative: [UInt8], _ key: Key, above levels: [Level]) -> Visit {
    let path = path(relative.dropLast())
    do throws(Errno) {
      let identity = try FileIdentity(path: path)
      guard !levels.contains(where: { $0.identity == identity }) else {
        return .entry(Entry(key: key, kind: .unreadableFolder(reason: "a link to a folder above it")))
      }
      let names = try NameList(folder: path, followsSymlinks: links == .follow)
      return .folder(Level(prefix: relative, names: names, identity: identity))
    } catch {
      return .entry(Entry(key: key, kind: .unreadableFolder(reason: error.description)))
    }
  }

  private func path(_ relative: ArraySlice<UInt8>) -> String {
    root + (root.hasSuffix("/") ? "" : "/") + String(decoding: relative, as: UTF8.self)
  }
}

/// A file's device and inode.
struct FileIdentity: Equatable {
  let device: UInt
  let inode: UInt

  init(path: String) throws(Errno) {
    var status = stat()
    try retryingInterrupts { unsafe stat(path, &status) }
    self.init(status)
  }

  init(_ status: stat) {
    device = UInt(status.st_dev)
    inode = UInt(status.st_ino)
  }
}
