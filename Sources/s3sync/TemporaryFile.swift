// A download in progress: a file of a random name in the target folder, renamed when every byte is there and checked.

import AWS
import Glibc
import HTTP
import POSIX
import S3
import Streams

/// How a finished download gets its name.
struct Publication {
  /// The file's modification time; nil leaves the present.
  var modified: Timestamp?
  /// Permission bits; nil leaves those that the umask gave.
  var mode: UInt32?
  /// Where the time is not the object's own: what later runs recognise the file by.
  var mark: DownloadMark?
  /// The file is on the disk before it gets its name, and the name after.
  var isDurable = false
  /// Called when everything is ready but the name is a folder's.
  var removeFolder: (() throws(SyncError) -> Void)?
}

/// An open temporary file, locked while it is worked on. Removed in the end unless it was published or kept.
final class TemporaryFile {
  private enum State {
    case unfinished
    /// It stays for a later run.
    case kept
    case published
  }

  private let owned: Descriptor
  let name: TemporaryName
  /// The folder that the temporary file is in.
  let folder: OpenFolder
  private var state = State.unfinished
  /// Of the open file.
  private let identity: FileIdentity
  /// There may be a record of this name.
  var hasRecord: Bool

  /// Takes over an open and locked file.
  ///
  /// - Parameter hasRecord: an earlier run may have left one.
  init(
    adopting descriptor: consuming Descriptor, _ identity: FileIdentity, _ name: TemporaryName, in folder: OpenFolder,
    hasRecord: Bool
  ) {
    owned = descriptor
    self.identity = identity
    self.name = name
    self.folder = folder
    self.hasRecord = hasRecord
  }

  /// Creates a file that was not there, with the permissions that the umask gives.
  @Loop convenience init(for file: TargetFile, _ context: TransferContext) throws(SystemError) {
    while true {
      let name = TemporaryName.random(for: file.key)
      let descriptor: Descriptor
      do throws(Errno) {
        descriptor = try Descriptor(
          opening: name.part, in: file.folder.descriptor, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW)
      } catch {
        if error.code == EEXIST { continue }
        throw SystemError(error, operation: "create", object: file.path)
      }
      // Another run may have taken it for a stale one before it was locked.
      var status = stat()
      if FileLock.take(descriptor.rawValue, context) != .held, unsafe fstat(descriptor.rawValue, &status) == 0,
        status.st_nlink > 0
      {
        self.init(adopting: descriptor, FileIdentity(status), name, in: file.folder, hasRecord: false)
        return
      }
    }
  }

  deinit {
    if state == .unfinished { remove() }
  }

  /// Valid for as long as this object lives.
  var descriptor: CInt { owned.rawValue }

  /// Leaves the file, and its record, to a later run.
  func keep() { state = .kept }

  /// Removes the file in the end after all.
  func discard() { if state == .kept { state = .unfinished } }

  /// Gives the file its final name.
  @Loop func publish(_ file: TargetFile, _ publication: Publication, _ context: TransferContext) throws(SyncError) {
    let target = try systemCalls { () throws(SystemError) in
      try prepare(file, publication, context)
      return try file.createFolder()
    }
    if target.kind(of: file.name) == .special { throw .special(file.path) }
    if try !rename(to: target, file) {
      // An empty folder is replaced: S3 has no empty folders.
      if unsafe unlinkat(target.descriptor, file.name, AT_REMOVEDIR) != 0 { try publication.removeFolder?() }
      guard try rename(to: target, file) else { throw .obstructed("\(file.path) is a folder that is not empty") }
    }
    state = .published
    removeRecord()
    // Another user who may write into the folder could have put another file under the temporary name.
    guard isNamed(file.name, in: target) else {
      throw .system(SystemError(code: ESTALE, operation: "create", object: file.path))
    }
    if publication.isDurable {
      try systemCalls { () throws(SystemError) in try synchronize(target, file.path) }
    }
  }

  @Loop private func prepare(
    _ file: TargetFile, _ publication: Publication, _ context: TransferContext
  ) throws(SystemError) {
    if let mode = publication.mode, fchmod(descriptor, mode_t(mode)) != 0 {
      context.warn("cannot set permissions in this file system: \(Errno())")
    }
    publication.mark?.write(to: descriptor)
    if let modified = publication.modified {
      let time = timespec(tv_sec: Int(modified.seconds), tv_nsec: Int(modified.nanoseconds))
      let times = [time, time]
      if unsafe futimens(descriptor, times) != 0 {
        context.warn("cannot set file times in this file system: \(Errno())")
      }
    }
    if publication.isDurable, fsync(descriptor) != 0 { throw SystemError(operation: "write", object: file.path) }
  }

  /// False where the name is a folder's.
  private func rename(to target: OpenFolder, _ file: TargetFile) throws(SyncError) -> Bool {
    if unsafe renameat(folder.descriptor, name.part, target.descriptor, file.name) == 0 { return true }
    if errno == EISDIR || errno == ENOTEMPTY || errno == EEXIST { return false }
    throw .system(SystemError(operation: "create", object: file.path))
  }

  /// Whether a name is this file's.
  private func isNamed(_ name: String, in folder: OpenFolder) -> Bool {
    var named = stat()
    return unsafe fstatat(folder.descriptor, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && FileIdentity(named) == identity
  }

  private func synchronize(_ folder: OpenFolder, _ path: String) throws(SystemError) {
    try mapError {
      SystemError($0, operation: "write the folder of", object: path)
    } of: { () throws(Errno) in
      let descriptor = try Descriptor(opening: ".", in: folder.descriptor, O_RDONLY | O_DIRECTORY)
      try retryingInterrupts { fsync(descriptor.rawValue) }
    }
  }

  private func remove() {
    unsafe unlinkat(folder.descriptor, name.part, 0)
    removeRecord()
  }

  private func removeRecord() {
    if hasRecord { unsafe unlinkat(folder.descriptor, name.record, 0) }
  }
}
