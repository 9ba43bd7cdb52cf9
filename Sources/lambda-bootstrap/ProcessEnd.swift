// A descriptor that becomes readable when a process has ended.
import CLinux
import Glibc
import POSIX

/// Such a descriptor: a pidfd, or before Linux 5.3 (and where a sandbox denies the call) the read end of a pipe that a
/// thread closes. That works for children of this process alone.
final class ProcessEnd {
  private let owned: Descriptor

  /// Nil, with `errno` set, where the process cannot be watched.
  init?(of pid: pid_t) {
    var number = pidfd_open(pid, 0)
    if number < 0, errno == ENOSYS || errno == EPERM || errno == EINVAL { number = watchByThread(pid) }
    guard number >= 0 else { return nil }
    owned = Descriptor(adopting: number)
  }

  /// Readable when the process has ended; valid for as long as this object lives.
  var descriptor: Int32 { owned.rawValue }
}

/// The read end of a pipe whose write end a thread closes when the child has ended; the caller closes it. The child is
/// not reaped. -1 where the process is not a child of this one.
func watchByThread(_ pid: pid_t) -> Int32 {
  var information = unsafe siginfo_t()
  // A process that is not a child of ours cannot be waited for.
  guard unsafe waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT | WNOHANG) == 0 else { return -1 }
  guard let pipe = try? Pipe() else { return -1 }
  let end = pipe.write.rawValue
  let isStarted: Void? = try? detachThread {
    var information = unsafe siginfo_t()
    _ = try? retryingInterrupts { unsafe waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) }
    close(end)
  }
  // The thread closes the write end.
  return isStarted == nil ? -1 : pipe.release().read
}
