// Ranges of an open file: preallocating and writing them.

import CLinux
import Glibc
import POSIX
import Streams

/// Preallocates a range: a full disk is reported before the range is fetched, and ext4 need not track every block that is
/// written. Does nothing where the file system cannot.
func allocate(_ range: Range<Int64>, in descriptor: CInt, name: String) throws(SystemError) {
  do throws(Errno) {
    try retryingInterrupts {
      fallocate(descriptor, 0, off_t(range.lowerBound), off_t(range.upperBound - range.lowerBound))
    }
  } catch {
    if error.code == EOPNOTSUPP || error.code == ENOSYS { return }
    throw SystemError(error, operation: "preallocate", object: name)
  }
}

/// Writes all of the bytes at an offset.
func write(_ bytes: RawSpan, to descriptor: CInt, at offset: Int64, name: String) throws(SystemError) {
  try mapError {
    SystemError($0, operation: "write", object: name)
  } of: { () throws(Errno) in
    try writeAll(bytes, to: descriptor, at: offset)
  }
}
