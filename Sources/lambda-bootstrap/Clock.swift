// The two clocks: Lambda's deadline is a wall-clock time, waiting is done by one that never jumps.
import Glibc

enum Clock {
  /// Milliseconds since an arbitrary start, never set.
  static func monotonic() -> Int64 { milliseconds(CLOCK_MONOTONIC) }

  /// Milliseconds since 1970.
  static func wall() -> Int64 { milliseconds(CLOCK_REALTIME) }

  /// What `poll(2)` is to wait at most until a monotonic deadline; -1 for none.
  static func pollLimit(until deadline: Int64?) -> Int32 {
    guard let deadline else { return -1 }
    return Int32(clamping: max(deadline - monotonic(), 0))
  }

  private static func milliseconds(_ clock: clockid_t) -> Int64 {
    var now = timespec()
    unsafe clock_gettime(clock, &now)
    return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
  }
}
