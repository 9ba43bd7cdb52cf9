// A download on its way: a name of its own in the target's folder, the final name only when everything is there.

import AWS
import Glibc
import S3
import Streams

/// An open temporary file, locked as long as it is worked on. Unless `publish` was called, it is removed in the end.
final class TemporaryFile {
  let descriptor: CInt
  private let path: String
  private let finalPath: String
  private var isPublished = false

  private static let prefix = Array(".s3sync-".utf8)
  private static let suffix = Array(".part".utf8)

  /// Whether a folder's name is one of ours.
  static func isName(_ name: ArraySlice<UInt8>) -> Bool {
    name.count == prefix.count + 16 + suffix.count && name.starts(with: prefix) && name.suffix(5).elementsEqual(suffix)
  }

  /// Creates the file, and the folders on the way to it.
  ///
  /// The name follows from the final one, so that what a killed run has left is used or removed by the next.
  init(for finalPath: String) throws(SystemError) {
    self.finalPath = finalPath
    let slash = finalPath.utf8.lastIndex(of: UInt8(ascii: "/"))
    let folder = slash.map { String(finalPath[...$0]) } ?? ""
    let name = slash.map { finalPath[finalPath.index(after: $0)...] } ?? finalPath[...]
    let digits = String(stableHash(Array(name.utf8)), radix: 16)
    path = folder + ".s3sync-" + String(repeating: "0", count: 16 - digits.utf8.count) + digits + ".part"
    descriptor = try Self.create(path)
  }

  deinit {
    if !isPublished { unsafe unlink(path) }
    close(descriptor)
  }

  /// Makes the file what stands under the final name.
  ///
  /// - Parameter durably: written to the disk before, and the name after.
  func publish(modified: Timestamp?, durably: Bool) throws(SystemError) {
    if let modified {
      let time = timespec(tv_sec: Int(modified.seconds), tv_nsec: Int(modified.nanoseconds))
      let times = [time, time]
      guard unsafe futimens(descriptor, times) == 0 else {
        throw SystemError(operation: "set the time of", object: path)
      }
    }
    if durably, fsync(descriptor) != 0 { throw SystemError(operation: "write", object: path) }
    guard unsafe rename(path, finalPath) == 0 else { throw SystemError(operation: "create", object: finalPath) }
    isPublished = true
    if durably { try Self.syncFolder(of: finalPath) }
  }

  /// Removes a temporary file whose run is over; one that is being written is locked.
  static func removeIfStale(_ path: String) {
    let descriptor = unsafe open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unsafe unlink(path) }
  }

  private static func create(_ path: String) throws(SystemError) -> CInt {
    let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC
    var descriptor = unsafe open(path, flags, 0o666)
    if descriptor < 0 && errno == ENOENT {
      try createFolders(of: path)
      descriptor = unsafe open(path, flags, 0o666)
    }
    guard descriptor >= 0 else { throw SystemError(operation: "create", object: path) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw SystemError(code: EBUSY, operation: "create", object: path)
    }
    // Only where a killed run has left something: ext4 takes emptying for a sign that the file is rewritten in place, and
    // has its close wait for the disk.
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_size == 0 || ftruncate(descriptor, 0) == 0 else {
      let error = SystemError(operation: "empty", object: path)
      close(descriptor)
      throw error
    }
    return descriptor
  }

  private static func createFolders(of path: String) throws(SystemError) {
    for index in path.indices.dropFirst() where path[index] == "/" {
      let folder = String(path[..<index])
      if unsafe mkdir(folder, 0o777) != 0 && errno != EEXIST { throw SystemError(operation: "create", object: folder) }
    }
  }

  private static func syncFolder(of path: String) throws(SystemError) {
    let folder = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[...$0]) } ?? "."
    let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError(operation: "open", object: folder) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw SystemError(operation: "write", object: folder) }
  }
}
