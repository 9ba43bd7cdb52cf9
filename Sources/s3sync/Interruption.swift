// SIGINT, SIGTERM, SIGHUP, and SIGPIPE when the reader of the output has gone: transfers in flight end, unfinished uploads
// are aborted, and the process ends by the signal.

import AWS
import Glibc
import Streams

/// The first signal received, or 0. Written by the handler, read by the loop.
private nonisolated(unsafe) var received: sig_atomic_t = 0

enum Interruption {
  /// Seconds that cleaning up may take.
  private static let cleanupLimit = 10

  /// Whether a signal was received.
  static var isRequested: Bool { unsafe received != 0 }

  static func install() {
    for number in [SIGINT, SIGTERM, SIGHUP] {
      // A signal that the parent ignores (nohup) stays ignored.
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

  /// Acts as if the signal had been received; the first one counts.
  static func request(_ number: CInt) {
    if unsafe received == 0 { unsafe received = number }
  }

  /// Ends the process by the signal received, as the shell expects.
  static func endIfRequested() {
    let number = unsafe received
    if number == 0 { return }
    if number == SIGPIPE { endByBrokenPipe() }
    signal(number, SIG_DFL)
    raise(number)
  }

  /// Called at every turn of the loop.
  final class Watch {
    private var since: Int?

    func check() {
      guard Interruption.isRequested else { return }
      let time = Glibc.time(nil)
      if let since {
        if time - since > Interruption.cleanupLimit { Interruption.endIfRequested() }
      } else {
        since = time
      }
    }
  }
}
