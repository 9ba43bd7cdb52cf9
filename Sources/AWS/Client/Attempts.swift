// The attempts of one call as a state machine: what follows a failure is a value, and the client acts on it.

/// How often a call has been tried, and what comes next. Pure: time, chance and the shared budget are parameters.
struct Attempts {
  /// What follows a failed attempt.
  enum Step: Equatable {
    /// Try at once: credentials were renewed, or the clock was corrected.
    case again
    /// Try after so many seconds.
    case retry(after: Double)
    /// The failure is the call's result.
    case fail
  }

  private let settings: RetrySettings
  /// Of the attempt that is under way, from 1.
  private(set) var number = 1
  /// Tokens of the last retry.
  private(set) var lastCost = 0
  private var reached: Int64
  private var hasRenewed = false

  /// - Parameter progress: bytes that have arrived before the first attempt.
  init(_ settings: RetrySettings, progress: Int64) {
    self.settings = settings
    reached = progress
  }

  /// What follows a failure.
  ///
  /// - Parameters:
  ///   - progress: bytes that have arrived for good; an attempt that added to them resets the count.
  ///   - canRenew: the failure was expired credentials or a wrong clock, and that has been dealt with.
  ///   - now: seconds of the monotonic clock.
  mutating func step(
    after failure: ServiceError, progress: Int64, canRenew: Bool, retryAfter: Double?, random: Double, now: Double,
    outage: Outage, budget: inout RetryBudget
  ) -> Step {
    if canRenew, !hasRenewed {
      hasRenewed = true
      return .again
    }
    if progress > reached {
      reached = progress
      number = 1
      hasRenewed = false
    }
    guard let cost = RetryPolicy.cost(failure), number < settings.maximumAttempts else { return .fail }
    var isThrottling = false
    if case .refused(let refusal) = failure { isThrottling = refusal.isThrottling }
    let delay = RetryPolicy.delay(
      attempt: number + 1, isThrottling: isThrottling, random: random, retryAfter: retryAfter)
    if settings.isBounded {
      guard !outage.isOver(at: now + delay), budget.take(cost) else { return .fail }
      lastCost = cost
    }
    number += 1
    return .retry(after: delay)
  }
}
