// The rate at which a client sends in retry mode `adaptive`: lowered when the service throttles, raised along a cubic
// curve while it does not, as botocore's retries/adaptive.py does it.

import Glibc

/// Requests a second that a client allows itself. Pure: times are seconds of the monotonic clock.
struct AdaptiveRate {
  /// What a throttled client keeps of its rate.
  private static let beta = 0.7
  /// How fast the curve rises.
  private static let scale = 0.4
  private static let slowest = 0.5

  /// Nil until the service throttles for the first time.
  private(set) var rate: Double?
  /// The rate at which the service throttled last, and when.
  private var lastMaximum = 0.0
  private var lastThrottled = 0.0
  /// When the next request may be sent.
  private var nextSlot = 0.0
  // Requests in the half second that began at `windowStart`, and the smoothed rate before it.
  private var windowStart = 0.0
  private var windowCount = 0
  private var measured = 0.0

  /// Seconds to wait before sending a request now, which this reserves the time for.
  mutating func reserve(at now: Double) -> Double {
    guard let rate else { return 0 }
    let slot = max(nextSlot, now)
    nextSlot = slot + 1 / rate
    return slot - now
  }

  /// Takes note of a response.
  mutating func update(isThrottled: Bool, at now: Double) {
    measure(at: now)
    if isThrottled {
      let current = rate.map { min($0, measured) } ?? measured
      lastMaximum = max(current, Self.slowest)
      lastThrottled = now
      rate = max(lastMaximum * Self.beta, Self.slowest)
    } else if rate != nil {
      let plateau = cbrt(lastMaximum * (1 - Self.beta) / Self.scale)
      let cubic = Self.scale * pow(now - lastThrottled - plateau, 3) + lastMaximum
      rate = max(min(cubic, 2 * measured), Self.slowest)
    }
  }

  private mutating func measure(at now: Double) {
    windowCount += 1
    let length = now - windowStart
    guard length >= 0.5 else { return }
    let current = Double(windowCount) / min(length, 10)
    measured = measured == 0 ? current : 0.8 * current + 0.2 * measured
    windowStart = now
    windowCount = 0
  }
}
