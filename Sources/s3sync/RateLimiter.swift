// --limit-rate: a bound on the bytes per second of all transfers together.

import Glibc
import POSIX

/// A token bucket of a tenth of a second.
///
/// All transfers run on one thread, inside whose network callbacks bytes are taken: sleeping there holds every transfer
/// back, and TCP's flow control slows the peer down.
final class RateLimiter {
  /// Nanoseconds of one sleep, so that signals and the progress line are not kept waiting.
  private static let longestSleep: Int64 = 100_000_000
  private static let burst: Int64 = 100_000_000

  private let bytesPerSecond: Int64
  /// When the bytes taken so far have passed at the limit, in nanoseconds of the monotonic clock.
  private var due: Int64 = 0

  init(bytesPerSecond: Int64) { self.bytesPerSecond = max(bytesPerSecond, 1) }

  /// Takes bytes that have passed or are about to, and sleeps while they are more than the limit allows; not after a
  /// signal.
  ///
  /// - Parameter onPause: called between sleeps.
  func take(_ count: Int64, onPause: () -> Void) {
    var wait = reserve(count, now: Clock.monotonic.nanoseconds)
    while wait > 0, !Interruption.isRequested {
      let sleep = min(wait, Self.longestSleep)
      var time = timespec(tv_sec: 0, tv_nsec: Int(sleep))
      unsafe nanosleep(&time, nil)
      wait -= sleep
      onPause()
    }
  }

  /// Nanoseconds until these bytes may pass.
  func reserve(_ count: Int64, now: Int64) -> Int64 {
    due = max(due, now - Self.burst) + Int64(Double(count) / Double(bytesPerSecond) * 1e9)
    return max(due - now, 0)
  }
}
