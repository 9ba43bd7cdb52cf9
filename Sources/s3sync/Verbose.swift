// --verbose: a line on standard error for each request and for each retry.

import AWS
import HTTP
import Streams

/// Prints requests and responses, with the progress line erased before each.
@Loop
struct Verbose {
  let progress: Progress?

  func print(_ trace: Trace) {
    progress?.clear()
    report(tool: "s3sync", reason: Self.text(trace))
  }

  nonisolated static func text(_ trace: Trace) -> String {
    switch trace {
    case .answered(let method, let url, let status, let bytes, let seconds):
      "\(method) \(url): \(status), \(bytes) bytes, \(milliseconds(seconds)) ms"
    case .failed(let method, let url, let error, let seconds):
      "\(method) \(url): \(error.sentence), \(milliseconds(seconds)) ms"
    case .retry(let method, let url, let attempt, let after):
      "\(method) \(url): attempt \(attempt) in \(milliseconds(after)) ms"
    }
  }

  private nonisolated static func milliseconds(_ seconds: Double) -> Int { Int((seconds * 1000).rounded()) }
}
