// When a call is tried again: the SDKs' standard mode, and an end to complete outages.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html

import HTTP

/// What all calls of a client may spend on retries, so that an outage is not answered with more requests than usual.
struct RetryBudget: Equatable {
  static let capacity = 500
  private(set) var tokens = Self.capacity

  /// Takes the cost of a retry; false where the budget is too small for it.
  mutating func take(_ cost: Int) -> Bool {
    guard tokens >= cost else { return false }
    tokens -= cost
    return true
  }

  /// A call succeeded: returns the cost of its last retry to the budget, or one token where it was not retried.
  mutating func giveBack(_ cost: Int) { tokens = min(tokens + max(cost, 1), Self.capacity) }
}

/// Whether and after how long a call is tried again.
enum RetryPolicy {
  /// Seconds.
  static let longestDelay = 20.0

  /// Tokens that a retry after this error costs, or nil where the error is permanent.
  static func cost(_ error: ServiceError) -> Int? {
    switch error {
    case .refused(let failure): return failure.isTransient ? 5 : nil
    case .transport(.timeout): return 10
    case .transport(.resolve), .transport(.connect), .transport(.reset), .transport(.truncated), .transport(.other),
      .corrupted:
      return 5
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

/// A period in which every call of a client failed with temporary errors. Times are seconds of the monotonic clock.
struct Outage: Equatable {
  /// Seconds after which retrying ends: fail fast in outages, persist on lossy links.
  static let limit = 17.0
  /// Seconds between two calls that are let through in an outage that has lasted longer.
  static let probeInterval = 1.0

  /// Seconds without a byte of any transfer after which the service counts as silent.
  static let silenceLimit = 15.0
  /// Seconds of an attempt that failed otherwise which count as part of the outage: it may have worked before.
  private static let longestShare = 10.0

  /// When the service was last heard, before the first of the failed attempts; nil where the last response was its own.
  private(set) var began: Double?
  private var lastResponse = -Double.infinity
  private var lastProbe = -Double.infinity

  /// An attempt failed with a temporary error.
  ///
  /// - Parameter silence: seconds for which the attempt received nothing; nil where that is not known.
  mutating func fail(attemptBegan: Double, at time: Double, silence: Double? = nil) {
    let heard = max(attemptBegan, time - (silence ?? Self.longestShare), lastResponse)
    began = min(began ?? heard, heard)
  }

  /// The service responded; a refusal is a response.
  mutating func end(at time: Double) {
    began = nil
    lastResponse = time
  }

  /// Whether a retry that begins then is too late.
  func isOver(at time: Double) -> Bool { began.map { time - $0 >= Self.limit } ?? false }

  /// Seconds that an attempt beginning then may take to connect or wait for a byte; nil outside an outage.
  func remaining(at time: Double) -> Double? { began.map { max(Self.limit - (time - $0), 1) } }

  /// Whether a call may begin: during a long outage one from time to time, to see whether it has ended.
  mutating func admits(at time: Double) -> Bool {
    guard isOver(at: time) else { return true }
    guard time - lastProbe >= Self.probeInterval else { return false }
    lastProbe = time
    return true
  }
}
