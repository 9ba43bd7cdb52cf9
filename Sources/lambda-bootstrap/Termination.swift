// SIGTERM and SIGINT as a readable descriptor: waited for together with everything else, acted on in one place.
import CLinux
import Glibc
import POSIX

/// The signals that ask this process to leave, blocked and read from a descriptor.
final class Termination {
  private let signals: Descriptor
  /// Runs before the process leaves: ends the children.
  var beforeLeaving: () -> Void = {}

  init() throws(SpawnError) {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    unsafe sigaddset(&set, SIGTERM)
    unsafe sigaddset(&set, SIGINT)
    unsafe sigprocmask(SIG_BLOCK, &set, nil)
    let number = unsafe signalfd(-1, &set, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK))
    guard number >= 0 else { throw SpawnError(code: errno, command: "signalfd") }
    signals = Descriptor(adopting: number)
    // A write to a child that has ended must fail with EPIPE, not end this process.
    signal(SIGPIPE, SIG_IGN)
  }

  /// Readable when one of the signals has come.
  var descriptor: Int32 { signals.rawValue }

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
