// SIGTERM and SIGINT as a readable descriptor: waited for together with everything else, acted on in one place.
import CLinux
import Glibc

/// The signals that ask this process to leave, blocked and read from a descriptor.
final class Termination {
  /// Readable when one of the signals has come.
  let descriptor: Int32
  /// Runs before the process leaves: ends the children.
  var beforeLeaving: () -> Void = {}

  init() throws(SpawnError) {
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe sigaddset(&signals, SIGTERM)
    unsafe sigaddset(&signals, SIGINT)
    unsafe sigprocmask(SIG_BLOCK, &signals, nil)
    descriptor = unsafe signalfd(-1, &signals, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK))
    guard descriptor >= 0 else { throw SpawnError(code: errno, command: "signalfd") }
    // A write to a child that has ended must fail with EPIPE, not end this process.
    signal(SIGPIPE, SIG_IGN)
  }

  /// Waits this many milliseconds, or leaves.
  func pause(milliseconds: Int) {
    var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    if unsafe poll(&wait, 1, Int32(clamping: milliseconds)) > 0 { leave() }
  }

  /// Leaves with 0, as Lambda expects, once a wait has shown the descriptor readable.
  func leave() -> Never {
    beforeLeaving()
    exit(0)
  }
}
