// A descriptor that becomes readable when a process has ended.
import CLinux
import Glibc

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
  var ends: [Int32] = [-1, -1]
  guard unsafe pipe2(&ends, O_CLOEXEC) == 0 else { return -1 }
  let watch = unsafe Unmanaged.passRetained(Watch(pid: pid, end: ends[1]))
  var thread = pthread_t()
  let code = unsafe pthread_create(
    &thread, nil,
    { argument in
      guard let argument = unsafe argument else { return nil }
      let watch = unsafe Unmanaged<Watch>.fromOpaque(argument).takeRetainedValue()
      var information = siginfo_t()
      while unsafe waitid(P_PID, id_t(watch.pid), &information, WEXITED | WNOWAIT) < 0 && errno == EINTR {}
      close(watch.end)
      return nil
    }, watch.toOpaque())
  guard code == 0 else {
    unsafe watch.release()
    close(ends[0])
    close(ends[1])
    return -1
  }
  pthread_detach(thread)
  return ends[0]
}

private final class Watch: Sendable {
  let pid: pid_t
  let end: Int32

  init(pid: pid_t, end: Int32) {
    self.pid = pid
    self.end = end
  }
}
