// Submitting, from standard input to the exit status.

import AWS
import S3
import Streams

/// One batch: its input, its jobs and its reports.
struct Tool {
  let options: Options
  let environment: SystemEnvironment
  /// Seconds on a clock that only goes forward.
  let now: @Sendable () -> Double
  let output: OutputStream

  /// Submits what the input names.
  func submit(reading stream: InputStream) throws -> ExitStatus {
    let settings = try Settings(options, variable: environment.variable)
    let input = try BatchInput(stream)
    for (place, reason) in input.event?.malformed ?? [] {
      report(tool: "batchsubmit", object: input.event?.messageIDs?[place], reason: reason.sentence)
    }
    let objects = select(input, settings.filter)
    try settings.checkOverlap(objects)
    let plan = Plan(
      images: objects.count, imagesPerChild: settings.imagesPerChild, maximumArraySize: settings.maximumArraySize)
    try settings.checkMerge(plan)
    let manifests = Manifests(objects, plan: plan, prefix: settings.manifestPrefix)
    if options.running.dryRun { return try printRequests(settings, plan, manifests) }

    let result = plan.images == 0 ? Submission.Result() : try submit(plan, manifests, settings)
    if let failure = result.failure { report(tool: "batchsubmit", reason: failure.reason) }
    if options.running.lambdaResponse {
      var missed = plan.jobs.dropFirst(result.planned).flatMap { objects[plan.range(of: $0)] }
      // The job that joins the parts is every message's.
      if result.failure != nil, missed.isEmpty { missed = objects }
      return try respond(input.event, missed: missed, failure: result.failure)
    }
    try output.close()
    if let failure = result.failure { return failure.status }
    if options.running.wait, !result.jobs.isEmpty {
      let jobs = Jobs(ids: result.jobs.map(\.id), options: options, environment: environment, now: now)
      let ended = try jobs.wait()
      if ended != .ok { return ended }
    }
    return input.event?.malformed.isEmpty ?? true ? .ok : .data
  }

  /// The objects that are images to be classified, each once; says how many are not.
  private func select(_ input: BatchInput, _ filter: KeyFilter) -> [InputObject] {
    var objects = input.objects.filter { filter.accepts($0.record.key) }
    let others = input.objects.count - objects.count + (input.event?.otherRecords ?? 0)
    if others > 0 { report(tool: "batchsubmit", reason: "skipped \(others) objects that are not new images") }
    objects.deduplicate()
    return objects
  }

  private func submit(
    _ plan: Plan, _ manifests: Manifests, _ settings: Settings
  ) throws(SystemError) -> Submission.Result {
    // The loop runs on this thread, and nothing else writes meanwhile.
    nonisolated(unsafe) let output = self.output
    let isQuiet = options.running.lambdaResponse
    let result: Submission.Result
    do throws(CallFailure) {
      result = try Connection.run("\(manifests.folder)", options, environment) { connection throws(ServiceError) in
        let submission = Submission(
          settings, plan: plan, manifests: manifests, store: connection.store, batch: connection.batch)
        return await submission.run { job throws(SystemError) in
          if isQuiet { return }
          try unsafe output.write(job.line)
          try unsafe output.flush()
        }
      }
    } catch {
      return Submission.Result(failure: error)
    }
    if let broken = result.broken { throw broken }
    return result
  }

  /// Answers Lambda. Behind SQS the response names the messages to redeliver, and another status would have all
  /// redelivered; elsewhere the status is all that Lambda looks at.
  private func respond(_ event: Event?, missed: [InputObject], failure: CallFailure?) throws -> ExitStatus {
    if event?.messageIDs == nil, let failure { return failure.status }
    try output.write(LambdaResponse(event, missed: missed).line)
    try output.close()
    return .ok
  }

  private func printRequests(_ settings: Settings, _ plan: Plan, _ manifests: Manifests) throws -> ExitStatus {
    var requests = plan.jobs.map {
      settings.template.request($0, manifests: manifests.folder, hash: manifests.hash)
    }
    if settings.mergesParts, plan.images > 0 {
      // The ids of the jobs it depends on are Batch's to give.
      let ids = plan.jobs.map { "<id of \(settings.template.name($0, hash: manifests.hash))>" }
      requests.append(
        settings.template.mergeRequest(
          parts: plan.children, dependsOn: ids, manifests: manifests.folder, hash: manifests.hash))
    }
    for request in requests { try output.write(request + [UInt8(ascii: "\n")]) }
    try output.close()
    return .ok
  }
}
