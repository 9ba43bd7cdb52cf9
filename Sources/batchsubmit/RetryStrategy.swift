// What Batch tries again: reclaimed capacity, "try again later", and containers that never ran; never bad input.
// https://docs.aws.amazon.com/batch/latest/APIReference/API_EvaluateOnExit.html

import Streams

/// How often and why a child is tried again.
struct RetryStrategy: Equatable {
  /// Attempts of one child, the first included: 1 ... 10.
  let attempts: Int

  init(attempts: Int) throws(SettingsError) {
    guard (1...10).contains(attempts) else {
      throw .outOfRange(setting: "--attempts", value: attempts, allowed: 1...10)
    }
    self.attempts = attempts
  }

  /// The first rule that matches decides, and what no rule matches is retried: that is every container without an exit
  /// code, because its image could not be pulled or its host was lost. At most five rules, patterns with `*` at the end.
  static let rules: [(action: String, condition: String, pattern: String)] = [
    ("RETRY", "onStatusReason", "Your Spot Task was interrupted*"),
    ("RETRY", "onStatusReason", "Host EC2*"),
    ("RETRY", "onExitCode", "\(ExitStatus.temporary.rawValue)"),
    ("EXIT", "onExitCode", "*"),
  ]

  /// Adds the member `retryStrategy`.
  func write(to json: inout JSONText) {
    json.object("retryStrategy") { json in
      json.member("attempts", attempts)
      json.array("evaluateOnExit", Self.rules) { json, rule in
        json.object { json in
          json.member(rule.condition, rule.pattern)
          json.member("action", rule.action)
        }
      }
    }
  }
}
