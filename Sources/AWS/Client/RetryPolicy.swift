// When a call is tried again: the SDKs' standard mode.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html

import HTTP

/// What all calls of a client may spend on retries: an outage is given up soon, a bad line is not.
struct RetryBudget: Equatable {
  static let capacity = 500
  private(set) var tokens = Self.capacity

  /// Takes what a retry costs; false where there is not as much.
  mutating func take(_ cost: Int) -> Bool {
    guard tokens >= cost else { return false }
    tokens -= cost
    return true
  }

  /// A call succeeded: what its last retry cost comes back, or one token where it had none.
  mutating func giveBack(_ cost: Int) { tokens = min(tokens + max(cost, 1), Self.capacity) }
}

/// Whether and after how long a call is tried again.
enum RetryPolicy {
  /// Seconds.
  static let longestDelay = 20.0

  /// Tokens that a retry after this error costs, or nil where the error is final.
  static func cost(_ error: ServiceError) -> Int? {
    switch error {
    case .refused(let failure): return failure.isTransient ? 5 : nil
    case .transport(.timeout): return 10
    case .transport(.resolve), .transport(.connect), .transport(.reset), .transport(.truncated), .transport(.tls),
      .transport(.other):
      return 5
    case .malformedAnswer: return 5
    default: return nil
    }
  }

  /// Seconds to wait before attempt number `attempt` (the second is 2): "full jitter", so that clients spread out.
  ///
  /// - Parameters:
  ///   - random: 0 ..< 1.
  ///   - retryAfter: seconds that the service asked for.
  static func delay(attempt: Int, isThrottling: Bool, random: Double, retryAfter: Double?) -> Double {
    let base = isThrottling ? 0.5 : 0.1
    var ceiling = base
    for _ in 2..<max(attempt, 2) { ceiling = min(ceiling * 2, longestDelay) }
    return max(random * ceiling, min(retryAfter ?? 0, longestDelay))
  }
}
