// How often a call is tried: AWS_MAX_ATTEMPTS, AWS_RETRY_MODE and the profile's settings.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html

import ASCII

/// How persistent calls are.
struct RetrySettings: Equatable, Sendable {
  enum Mode: String, Sendable {
    /// Without a budget that all calls share.
    case legacy
    case standard
    /// As standard; throttled clients also lower their own rate.
    case adaptive
  }

  let mode: Mode
  /// Attempts of one call, the first included.
  let maximumAttempts: Int
  /// All calls draw on one budget, and an outage of `Outage.limit` seconds ends them. False where the user has
  /// said how often to try, which is obeyed, and in legacy mode.
  let isBounded: Bool

  /// Attempts where nothing is configured: bulk transfers over a lossy link need more than the SDKs' three.
  static let defaultAttempts = 8

  /// - Parameters:
  ///   - attempts, mode: as configured; nil where they are not.
  init(attempts: String?, mode: String?) throws(ConfigurationError) {
    if let mode {
      guard let known = Mode(rawValue: mode.asciiLowercased) else {
        throw .invalidSetting(name: "AWS_RETRY_MODE", value: mode, expected: "legacy, standard or adaptive")
      }
      self.mode = known
    } else {
      self.mode = .standard
    }
    if let attempts {
      guard let count = Int(attempts), count >= 1 else {
        throw .invalidSetting(name: "AWS_MAX_ATTEMPTS", value: attempts, expected: "a number of attempts, 1 or more")
      }
      maximumAttempts = min(count, 1000)
    } else {
      maximumAttempts = mode == nil ? Self.defaultAttempts : self.mode == .legacy ? 5 : 3
    }
    isBounded = attempts == nil && self.mode != .legacy
  }
}
