// Waiting for jobs: polls Batch, reports changes, and performs the actions that `Watch` returns.

import AWS
import HTTP
import Streams

/// The edge around a `Watch`.
@Loop
final class Waiting {
  private let batch: BatchService
  private let logs: LogService
  private var watch: Watch
  private let now: @Sendable () -> Double
  private let progress: Progress

  /// Children of one failed array that are explained, and lines of each one's log.
  private static let explainedChildren = 5
  private static let explainedLines = 10

  init(
    _ ids: [String], options: Options, connection: Connection, now: @escaping @Sendable () -> Double
  ) {
    batch = connection.batch
    logs = connection.logs
    self.now = now
    watch = Watch(
      ids: ids, limit: options.running.waitTimeout, runnableWarning: options.running.runnableWarning, now: now())
    progress = Progress()
  }

  /// Waits for the end.
  func run() async throws(ServiceError) -> Watch.Outcome {
    while true {
      let answer = try await batch.describe(watch.open)
      let steps = watch.update(answer, now: now())
      progress.show(watch.counts)
      for step in steps {
        switch step {
        case .explainRunnable(let id, let seconds, let reason): explainRunnable(id, seconds: seconds, reason: reason)
        case .explainFailure(let id): await explainFailure(id)
        case .ask(let delay): await Loop.sleep(seconds: delay)
        case .end(let outcome):
          progress.end()
          return outcome
        }
      }
    }
  }

  private func explainRunnable(_ id: String, seconds: Int, reason: String?) {
    let hint =
      "the compute environment may be disabled or full, its subnets without a route to the registry, or the vCPU quota used up"
    tell(id, "ready to run for \(seconds) s and not started: \(reason ?? hint)")
  }

  /// Reports why a job failed: its own reason, and its first failed children's with the end of their logs.
  private func explainFailure(_ id: String) async {
    guard let job = watch.details[id] else { return }
    var failed = [job]
    if !job.children.isEmpty {
      tell(id, "\(job.count(.failed)) of its children failed: \(job.statusReason ?? "no reason given")")
      do throws(ServiceError) {
        let ids = try await batch.failedChildren(of: id, limit: Self.explainedChildren)
        failed = ids.isEmpty ? [] : try await batch.describe(ids)
      } catch {
        return tell(id, "its failed children cannot be listed: \(error.sentence)")
      }
    }
    for job in failed { await explain(job) }
  }

  private func explain(_ job: JobDetail) async {
    let exit = job.exitCode.map { "exit status \($0)" }
    let reasons = [job.statusReason, job.containerReason, exit].compactMap { $0 }
    tell(job.id, reasons.isEmpty ? "failed, no reason given" : reasons.joined(separator: "; "))
    guard let stream = job.logStream else { return }
    do throws(ServiceError) {
      let lines = try await logs.lastLines(
        group: job.logGroup ?? LogService.usualGroup, stream: stream, limit: Self.explainedLines)
      for line in lines { tell(job.id, "log: \(line)") }
    } catch {
      tell(job.id, "its log \(stream) cannot be read: \(error.sentence)")
    }
  }

  private func tell(_ id: String, _ reason: String) {
    progress.end()
    report(tool: "batchsubmit", object: id, reason: reason)
  }
}
