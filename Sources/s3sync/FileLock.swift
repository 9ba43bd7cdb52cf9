// flock(2) on temporary files: at most one process works on each.

import AWS
import Glibc
import HTTP
import POSIX
import Streams

enum FileLock {
  case taken
  /// Another process has it.
  case held
  /// The file system has no locks.
  case unsupported

  /// Locks an open file until it is closed; does not wait.
  @Loop static func take(_ descriptor: CInt, _ context: TransferContext) -> FileLock {
    do throws(Errno) {
      try retryingInterrupts { flock(descriptor, LOCK_EX | LOCK_NB) }
      return .taken
    } catch {
      if error.code == EWOULDBLOCK { return .held }
      context.warn("this file system has no locks (\(error)): unfinished downloads are not resumed")
      return .unsupported
    }
  }
}
