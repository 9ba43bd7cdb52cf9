// The system's clocks.

import Glibc

/// A clock of the system.
package enum Clock: Sendable {
  /// Time since an arbitrary start; never set, never goes back.
  case monotonic
  /// Unix time, which can be set.
  case wall
  /// Processor time that all threads of this process have used.
  case processTime

  /// Nanoseconds since the clock's start.
  package var nanoseconds: Int64 {
    let now = reading
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
  }

  /// Milliseconds since the clock's start, rounded down.
  package var milliseconds: Int64 {
    let now = reading
    return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
  }

  /// Seconds since the clock's start.
  package var seconds: Double {
    let now = reading
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }

  private var reading: timespec {
    let identifier =
      switch self {
      case .monotonic: CLOCK_MONOTONIC
      case .wall: CLOCK_REALTIME
      case .processTime: CLOCK_PROCESS_CPUTIME_ID
      }
    var now = timespec()
    unsafe clock_gettime(identifier, &now)
    return now
  }
}

/// The time limit that makes `poll(2)` wait until a deadline, in milliseconds of the monotonic clock; −1 for none.
package func pollTimeout(until deadline: Int64?) -> CInt {
  guard let deadline else { return -1 }
  return CInt(clamping: max(deadline - Clock.monotonic.milliseconds, 0))
}
