// A file that is read for an upload, and whether it has stayed the same meanwhile.

import Glibc
import Streams

final class OpenFile {
  let descriptor: CInt
  let size: Int64
  private let path: String
  private let modified: timespec

  /// Throws for everything that is no plain file: reading a pipe would wait for ever.
  init(_ path: String, followsSymlinks: Bool) throws(SystemError) {
    self.path = path
    descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followsSymlinks ? 0 : O_NOFOLLOW))
    guard descriptor >= 0 else { throw SystemError(operation: "open", object: path) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw SystemError(code: EINVAL, operation: "read as a file", object: path)
    }
    size = Int64(status.st_size)
    modified = status.st_mtim
  }

  deinit { close(descriptor) }

  /// Whether size or time differ from what they were when the file was opened.
  var hasChanged: Bool {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return true }
    return Int64(status.st_size) != size || status.st_mtim.tv_sec != modified.tv_sec
      || status.st_mtim.tv_nsec != modified.tv_nsec
  }

  /// The `size` bytes of the file; an error where there are fewer by now.
  func contents() throws(SystemError) -> [UInt8] {
    var failure: SystemError?
    let wanted = Int(size)
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
      while count < wanted {
        let read = unsafe pread(descriptor, buffer.baseAddress! + count, wanted - count, count)
        if read < 0 && errno == EINTR { continue }
        guard read > 0 else {
          failure = SystemError(code: read < 0 ? errno : ENODATA, operation: "read", object: path)
          return
        }
        count += read
      }
    }
    if let failure { throw failure }
    return bytes
  }
}
