// What can be done with jobs that Batch has: wait for them, show their status, terminate them.

import AWS
import Streams

/// Jobs by their ids.
struct Jobs {
  let ids: [String]
  let options: Options
  let environment: SystemEnvironment
  /// Seconds on a clock that only goes forward.
  let now: @Sendable () -> Double

  /// Waits until all have ended: `ok` only if all succeeded.
  func wait() throws(CallFailure) -> ExitStatus {
    let (ids, options, now) = (self.ids, self.options, self.now)
    let outcome = try Connection.run("waiting", options, environment) { connection throws(ServiceError) in
      try await Waiting(ids, options: options, connection: connection, now: now).run()
    }
    switch outcome {
    case .succeeded: return .ok
    case .failed(let jobs):
      report(tool: "batchsubmit", reason: "\(jobs) of \(ids.count) jobs failed")
      return .unavailable
    case .timedOut(let jobs):
      report(tool: "batchsubmit", reason: "\(jobs) of \(ids.count) jobs are still under way")
      return .temporary
    }
  }

  /// Writes one line for each job; with `--wait` not before they have ended.
  func tellStatus(_ output: OutputStream) throws -> ExitStatus {
    let ended = options.running.wait ? try wait() : .ok
    let ids = self.ids
    let details = try Connection.run("DescribeJobs", options, environment) { connection throws(ServiceError) in
      try await connection.batch.describe(ids)
    }
    var isComplete = true
    for id in ids {
      if let detail = details.first(where: { $0.id == id }) {
        try output.write(detail.line)
      } else {
        report(tool: "batchsubmit", object: id, reason: "no such job")
        isComplete = false
      }
    }
    try output.close()
    return isComplete ? ended : .unavailable
  }

  /// Ends the jobs wherever they are, and their children.
  func cancel() throws(CallFailure) -> ExitStatus {
    let ids = self.ids
    try Connection.run("TerminateJob", options, environment) { connection throws(ServiceError) in
      for id in ids { try await connection.batch.terminate(id, reason: "cancelled by batchsubmit") }
    }
    return .ok
  }
}
