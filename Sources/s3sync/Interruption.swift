// SIGINT, SIGTERM, SIGHUP, and SIGPIPE when nobody reads what is printed: everything in flight ends, uploads that were
// begun are aborted, and the process leaves by the signal.

import AWS
import Glibc
import Streams

/// The first signal that came, or 0. Written by the handler, read by the loop.
private nonisolated(unsafe) var received: sig_atomic_t = 0

enum Interruption {
  /// Seconds that cleaning up may take.
  private static let patience: UInt64 = 10

  /// Whether a signal has come.
  static var hasCome: Bool { unsafe received != 0 }

  static func install() {
    for number in [SIGINT, SIGTERM, SIGHUP] {
      // What the parent has the tool ignore (nohup) stays ignored.
      var old = sigaction()
      unsafe sigaction(number, nil, &old)
      if unsafe old.__sigaction_handler.sa_handler.map({ unsafe unsafeBitCast($0, to: Int.self) }) == 1 { continue }
      var action = sigaction()
      unsafe action.__sigaction_handler.sa_handler = { number in
        unsafe received = number
      }
      unsafe sigaction(number, &action, nil)
    }
  }

  /// As if the signal had come; what came first counts.
  static func come(_ number: CInt) {
    if unsafe received == 0 { unsafe received = number }
  }

  /// Leaves by the signal that came, as the shell expects.
  static func leaveIfCome() {
    let number = unsafe received
    if number == 0 { return }
    if number == SIGPIPE { endByBrokenPipe() }
    signal(number, SIG_DFL)
    raise(number)
  }

  /// To be called at every turn of the loop.
  final class Watch {
    private var since: Int?

    func look() {
      guard Interruption.hasCome else { return }
      let time = Glibc.time(nil)
      if let since {
        if time - since > Int(Interruption.patience) { Interruption.leaveIfCome() }
      } else {
        since = time
        Task { @Loop in Loop.interrupt() }
      }
    }
  }
}
