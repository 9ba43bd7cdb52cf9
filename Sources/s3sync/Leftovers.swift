// Temporary files that earlier runs have left in the target: resumed where they fit, removed where they do not.

import AWS
import Glibc
import HTTP
import POSIX
import S3
import Streams

@Loop
final class Leftovers {
  private struct Found: Hashable {
    /// The folder's path from the target on, with a slash at its end, or empty.
    let folder: Key
    let name: TemporaryName
  }

  /// Far more than one killed run can leave.
  private static let limit = 100_000

  private let target: TargetFolder
  private let context: TransferContext
  private var found: [String: Set<Found>] = [:]
  private var count = 0

  init(in target: TargetFolder, _ context: TransferContext) {
    self.target = target
    self.context = context
  }

  /// Notes a temporary file or a record that a walk has met.
  ///
  /// - Parameter folder: from the target on, with a slash at its end, or empty.
  func note(_ name: TemporaryName, in folder: Key) {
    guard count < Self.limit else { return }
    if found[name.owner, default: []].insert(Found(folder: folder, name: name)).inserted { count += 1 }
  }

  /// Notes what is in the target folder itself: for the download of one object.
  func scan() {
    guard
      let names = try? NameList(folder: target.path.isEmpty ? "." : target.path, isRoot: true, followsSymlinks: false)
    else { return }
    for index in 0..<names.count {
      if let name = TemporaryName(names[index].bytes) { note(name, in: Key(bytes: [])) }
    }
  }

  /// An unfinished download of the same object that this user has left, locked for this run; others of the same file
  /// are removed.
  func resume(_ file: TargetFile, _ identity: DownloadRecord.Identity) -> PartialDownload? {
    guard let candidates = found.removeValue(forKey: file.key.temporaryOwner) else { return nil }
    count -= candidates.count
    var resumed: PartialDownload?
    for candidate in candidates {
      guard let (temporary, status) = open(candidate) else { continue }
      if resumed == nil, let record = DownloadRecord.read(candidate.name, in: temporary.folder),
        record.identity == identity, record.inode == UInt64(status.st_ino)
      {
        temporary.keep()
        resumed = PartialDownload(resuming: temporary, record)
      }
      // What is not resumed is removed with its last reference.
    }
    return resumed
  }

  /// Removes files that no run is using.
  func removeStale() {
    for candidate in found.values.joined() { _ = open(candidate) }
    found.removeAll()
    count = 0
  }

  /// Removes those of one file.
  func removeStale(of key: Key) {
    for candidate in found.removeValue(forKey: key.temporaryOwner) ?? [] { _ = open(candidate) }
  }

  /// Opens and locks a leftover; nil where it is another user's, in use, or gone.
  private func open(_ candidate: Found) -> (file: TemporaryFile, status: stat)? {
    let key = candidate.folder.appending(Key(candidate.name.part))
    guard let place = try? target.file(key), place.missing.isEmpty else { return nil }
    let descriptor: Descriptor
    do throws(Errno) {
      descriptor = try Descriptor(
        opening: candidate.name.part, in: place.folder.descriptor, O_RDWR | O_NOFOLLOW | O_NONBLOCK)
    } catch {
      if error.code == ENOENT { removeRecord(candidate.name, in: place.folder) }
      return nil
    }
    var opened = stat()
    var named = stat()
    guard unsafe fstat(descriptor.rawValue, &opened) == 0, opened.st_uid == geteuid(),
      opened.st_mode & S_IFMT == S_IFREG,
      opened.st_nlink == 1, isFree(descriptor.rawValue, opened),
      // It may have been published and replaced between the two.
      unsafe fstatat(place.folder.descriptor, candidate.name.part, &named, AT_SYMLINK_NOFOLLOW) == 0,
      named.st_ino == opened.st_ino, named.st_dev == opened.st_dev
    else { return nil }
    let file = TemporaryFile(
      adopting: descriptor, FileIdentity(opened), candidate.name, in: place.folder, hasRecord: true)
    return (file, opened)
  }

  private func isFree(_ descriptor: CInt, _ status: stat) -> Bool {
    switch FileLock.take(descriptor, context) {
    case .taken: true
    case .held: false
    // Without locks only age can tell.
    case .unsupported: Int(Clock.wall.seconds) - Int(status.st_mtim.tv_sec) > 86_400
    }
  }

  /// A record without its file.
  private func removeRecord(_ name: TemporaryName, in folder: OpenFolder) {
    var status = stat()
    guard unsafe fstatat(folder.descriptor, name.record, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_uid == geteuid()
    else { return }
    unsafe unlinkat(folder.descriptor, name.record, 0)
  }
}

extension Key {
  /// What the names of this file's temporary files have in common.
  var temporaryOwner: String { TemporaryName.owner(of: self) }
}
