// Waiting for jobs, as a pure function of what Batch says and of the time.

/// What is known about the jobs that are waited for.
struct Watch {
  /// Something to do after an answer.
  enum Step: Equatable {
    /// Report that a job has been RUNNABLE for long, with Batch's own reason.
    case explainRunnable(id: String, seconds: Int, reason: String?)
    /// Report why a job failed.
    case explainFailure(id: String)
    /// Ask again after so many seconds.
    case ask(after: Double)
    case end(Outcome)
  }

  enum Outcome: Equatable {
    case succeeded
    /// So many jobs failed or are unknown to Batch.
    case failed(jobs: Int)
    /// The time is over; so many jobs were under way.
    case timedOut(jobs: Int)
  }

  /// In order of submission.
  let ids: [String]
  /// Seconds of waiting in all; nil for as long as it takes.
  let limit: Double?
  /// Seconds in RUNNABLE after which a job is explained.
  let runnableWarning: Double

  private(set) var details: [String: JobDetail] = [:]
  private var begun: Double
  private var runnableSince: [String: Double] = [:]
  private var explained: Set<String> = []
  private var delay = Self.shortestDelay

  /// Seconds until a job that Batch does not know counts as failed: what was just submitted may not be seen yet.
  static let unknownGrace = 60.0
  static let shortestDelay = 1.0
  static let longestDelay = 30.0

  /// - Parameter now: seconds on any clock that only goes forward.
  init(ids: [String], limit: Double?, runnableWarning: Double, now: Double) {
    self.ids = ids
    self.limit = limit
    self.runnableWarning = runnableWarning
    begun = now
  }

  /// The jobs to ask about: those that were not final.
  var open: [String] { ids.filter { !(details[$0]?.status.isFinal ?? false) } }

  /// Jobs or children in all, by status.
  var counts: [(status: JobStatus, count: Int)] {
    JobStatus.allCases.map { status in (status, details.values.reduce(0) { $0 + $1.count(status) }) }
  }

  /// Takes Batch's answer about the open jobs and says what to do, ending with `ask` or `end`.
  ///
  mutating func update(_ answer: [JobDetail], now: Double) -> [Step] {
    let asked = open
    let before = details
    for detail in answer { details[detail.id] = detail }
    var steps: [Step] = []
    for id in asked {
      guard let detail = details[id] else { continue }
      if detail.status == .failed { steps.append(.explainFailure(id: id)) }
      steps += runnableStep(detail, now: now)
    }
    let unknown = now - begun < Self.unknownGrace ? [] : asked.filter { details[$0] == nil }
    let failed = details.values.count { $0.status == .failed } + unknown.count
    let underWay = open.count - unknown.count
    if underWay == 0 {
      steps.append(.end(failed == 0 ? .succeeded : .failed(jobs: failed)))
    } else if let limit, now - begun >= limit {
      steps.append(.end(.timedOut(jobs: underWay)))
    } else {
      // Polls often while statuses change, then less and less often.
      delay = details == before ? min(delay * 1.5, Self.longestDelay) : Self.shortestDelay
      let rest = limit.map { $0 - (now - begun) } ?? .infinity
      steps.append(.ask(after: min(delay, max(rest, 0))))
    }
    return steps
  }

  /// A job is stuck while it, or every child that is not final, is ready and none runs.
  private mutating func runnableStep(_ detail: JobDetail, now: Double) -> [Step] {
    guard detail.count(.runnable) > 0, detail.count(.starting) + detail.count(.running) == 0 else {
      runnableSince[detail.id] = nil
      return []
    }
    let since = runnableSince[detail.id, default: now]
    runnableSince[detail.id] = since
    guard now - since >= runnableWarning, explained.insert(detail.id).inserted else { return [] }
    return [.explainRunnable(id: detail.id, seconds: Int(now - since), reason: detail.statusReason)]
  }
}
