// The folder that downloads go to: every path is resolved beneath an open descriptor, one folder after the other, and no
// symbolic link on the way is followed. Following is for sources alone.

import AWS
import Glibc
import HTTP
import POSIX
import S3
import Streams

/// A folder, open for as long as something refers to it.
final class OpenFolder: Sendable {
  private let owned: Descriptor

  init(_ descriptor: consuming Descriptor) { owned = descriptor }

  /// Valid for as long as this object lives.
  var descriptor: CInt { owned.rawValue }

  /// Opens a folder of this one. A link fails with `ENOTDIR`.
  func open(_ name: String) throws(Errno) -> OpenFolder {
    OpenFolder(try Descriptor(opening: name, in: descriptor, openPath | O_DIRECTORY | O_NOFOLLOW))
  }

  /// The kind of file of this name, links not followed; nil where there is none.
  func kind(of name: String) -> FileKind? {
    var status = stat()
    guard unsafe fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
    return FileKind(mode: status.st_mode)
  }
}

/// `O_PATH`, which Swift's Glibc leaves out: a descriptor that only names its file.
private let openPath: CInt = 0o10_000_000

/// Kinds of files.
enum FileKind: Equatable, Sendable {
  case file
  case folder
  case link
  /// A FIFO, a device or a socket.
  case special

  init(mode: mode_t) {
    self =
      switch mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .folder
      case S_IFLNK: .link
      default: .special
      }
  }
}

/// Where a download's file goes.
struct TargetFile: Sendable {
  /// The deepest folder on the way that exists.
  let folder: OpenFolder
  /// Folders below it, which are created when the file gets its name.
  let missing: [String]
  let name: String
  /// The first missing folder has the name of a file, which it replaces.
  var replacesFile = false
  /// The name from the target on: whose unfinished download a temporary file is.
  let key: Key
  /// For messages.
  let path: String
}

@Loop
final class TargetFolder {
  /// Ends in a slash; empty for the current folder.
  let path: String
  private var root: OpenFolder?
  /// Folders that were opened, by path from the target on, without a slash at the end. By bytes: names that are the same
  /// text to Swift, composed and decomposed, are two folders.
  private var folders: [Key: OpenFolder] = [:]
  private static let cacheLimit = 256

  /// - Parameter path: ends in a slash; links in it are followed, for it is what the user named.
  init(_ path: String) { self.path = path }

  /// Where the file of a key goes. Creates the target itself, and nothing below it.
  ///
  /// - Parameters:
  ///   - key: a valid path below the target.
  ///   - replacesFile: a file where a folder is needed is replaced by it.
  func file(_ key: Key, replacesFile: Bool = false) throws(SyncError) -> TargetFile {
    try resolve(key, in: try openRoot(creates: true), replacesFile: replacesFile)
  }

  /// Removes the file of a key, and the folders that it leaves empty: S3 has no empty folders. What has become a
  /// folder or is gone is left as it is.
  func remove(_ key: Key) throws(SyncError) {
    let file: TargetFile
    do throws(SyncError) {
      file = try resolve(key, in: try openRoot(creates: false), replacesFile: false)
    } catch {
      // A file where its folder was: the folder and all in it are gone.
      if case .obstructed = error { return }
      if case .system(let error) = error, error.code == ENOENT { return }
      throw error
    }
    guard file.missing.isEmpty else { return }
    guard unsafe unlinkat(file.folder.descriptor, file.name, 0) == 0 || errno == ENOENT || errno == EISDIR else {
      throw .system(SystemError(operation: "remove", object: file.path))
    }
    removeEmptyFolders(above: key)
  }

  private func removeEmptyFolders(above key: Key) {
    var names = Array(key.names.dropLast())
    while let name = names.popLast() {
      guard let root, let parent = folder(names, in: root),
        unsafe unlinkat(parent.descriptor, name, AT_REMOVEDIR) == 0
      else { return }
      folders[Key((names + [name]).joined(separator: "/"))] = nil
    }
  }

  private func openRoot(creates: Bool) throws(SyncError) -> OpenFolder {
    if let root { return root }
    if creates, !path.isEmpty { try createFolders(path) }
    let folder = path.isEmpty ? "." : path
    let opened = OpenFolder(
      try systemCalls { () throws(SystemError) in try Descriptor.open(file: folder, openPath | O_DIRECTORY) })
    root = opened
    return opened
  }

  private func resolve(_ key: Key, in root: OpenFolder, replacesFile: Bool) throws(SyncError) -> TargetFile {
    let text = key.text
    guard let slash = key.bytes.lastIndex(of: UInt8(ascii: "/")) else {
      return TargetFile(folder: root, missing: [], name: text, key: key, path: path + text)
    }
    let name = String(decoding: key.bytes[(slash + 1)...], as: UTF8.self)
    let above = Key(bytes: Array(key.bytes[..<slash]))
    if let known = folders[above] {
      return TargetFile(folder: known, missing: [], name: name, key: key, path: path + text)
    }
    let names = above.names
    var folder = root
    var opened = ""
    for (index, next) in names.enumerated() {
      let below = opened.isEmpty ? next : opened + "/" + next
      let failure: Errno
      do throws(Errno) {
        if let known = folders[Key(below)] { folder = known } else { folder = try folder.open(next) }
        remember(folder, below)
        opened = below
        continue
      } catch {
        failure = error
      }
      var file = TargetFile(
        folder: folder, missing: Array(names[index...]), name: name, key: key, path: path + text)
      switch folder.kind(of: next) {
      case nil: return file
      case .file where replacesFile:
        file.replacesFile = true
        return file
      case .link: throw .unsafeKey("\(path)\(below) is a symbolic link, which is not followed at the target")
      case .file: throw .obstructed("\(path)\(below) is a file where a folder is needed")
      case .special: throw .special("\(path)\(below)")
      case .folder: throw .system(SystemError(failure, operation: "open", object: path + below))
      }
    }
    return TargetFile(folder: folder, missing: [], name: name, key: key, path: path + text)
  }

  private func folder(_ names: [String], in root: OpenFolder) -> OpenFolder? {
    var folder = root
    for name in names {
      guard let next = try? folder.open(name) else { return nil }
      folder = next
    }
    return folder
  }

  private func remember(_ folder: OpenFolder, _ path: String) {
    if folders.count >= Self.cacheLimit { folders.removeAll() }
    folders[Key(path)] = folder
  }
}

extension TargetFile {
  /// Opens the folder that the file's name goes into, created where it is missing.
  func createFolder() throws(SystemError) -> OpenFolder {
    var folder = self.folder
    var isFirst = true
    for name in missing {
      if unsafe mkdirat(folder.descriptor, name, 0o777) != 0, errno == EEXIST, isFirst, replacesFile,
        folder.kind(of: name) == .file
      {
        guard unsafe unlinkat(folder.descriptor, name, 0) == 0, unsafe mkdirat(folder.descriptor, name, 0o777) == 0
        else { throw SystemError(operation: "replace by a folder", object: path) }
      }
      folder = try mapError {
        SystemError($0, operation: "create the folder of", object: path)
      } of: { () throws(Errno) in
        try folder.open(name)
      }
      isFirst = false
    }
    return folder
  }
}

/// Creates a folder and those on the way to it.
///
/// - Parameter path: ends in a slash.
private func createFolders(_ path: String) throws(SyncError) {
  if unsafe mkdir(path, 0o777) == 0 || errno == EEXIST { return }
  for index in path.utf8.indices.dropFirst() where path.utf8[index] == UInt8(ascii: "/") {
    let folder = String(path[..<index])
    if unsafe mkdir(folder, 0o777) != 0 && errno != EEXIST {
      throw .system(SystemError(operation: "create", object: folder))
    }
  }
}
