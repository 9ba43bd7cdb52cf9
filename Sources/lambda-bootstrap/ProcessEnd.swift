// A descriptor that becomes readable when a process has ended.
import CLinux
import Glibc
import POSIX

/// Opens such a descriptor: a pidfd, or before Linux 5.3 (and where a sandbox denies the call) the read end of a pipe that a
/// thread closes. That works for children of this process alone: -1 for others. The caller closes it.
func openProcessEnd(_ pid: pid_t) -> Int32 {
  let descriptor = pidfd_open(pid, 0)
  if descriptor >= 0 || (errno != ENOSYS && errno != EPERM && errno != EINVAL) { return descriptor }
  return watchByThread(pid)
}

/// The read end of a pipe whose write end a thread closes when the child has ended. The child is not reaped.
func watchByThread(_ pid: pid_t) -> Int32 {
  var information = siginfo_t()
  // A process that is not a child of ours cannot be waited for.
  guard unsafe waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT | WNOHANG) == 0 else { return -1 }
  guard let pipe = try? Pipe() else { return -1 }
  let watch = unsafe Unmanaged.passRetained(Watch(pid: pid, end: pipe.write.rawValue))
  var thread = pthread_t()
  let code = unsafe pthread_create(
    &thread, nil,
    { argument in
      guard let argument = unsafe argument else { return nil }
      let watch = unsafe Unmanaged<Watch>.fromOpaque(argument).takeRetainedValue()
      var information = siginfo_t()
      _ = try? retryingInterrupts { unsafe waitid(P_PID, id_t(watch.pid), &information, WEXITED | WNOWAIT) }
      close(watch.end)
      return nil
    }, watch.toOpaque())
  guard code == 0 else {
    unsafe watch.release()
    return -1
  }
  pthread_detach(thread)
  // The thread closes the write end.
  return pipe.release().read
}

private final class Watch: Sendable {
  let pid: pid_t
  let end: Int32

  init(pid: pid_t, end: Int32) {
    self.pid = pid
    self.end = end
  }
}
