// From objects to jobs: manifests first, then the job that reads them, then the note that it was submitted.

import AWS
import FoundationEssentials
import HTTP
import S3
import Streams

/// A job that Batch has.
struct SubmittedJob: Equatable, Sendable {
  let id: String
  /// The line on standard output, which is also what the marker object holds.
  let line: [UInt8]
}

/// Submits one batch.
@Loop
final class Submission {
  private let settings: Settings
  private let store: S3.Client
  private let batch: BatchService
  private let manifests: Manifests
  private let plan: Plan
  /// The first that ended the upload of a job's manifests.
  private var uploadFailure: ServiceError?

  /// Manifests uploaded at once.
  private static let uploads = 32
  /// Seconds between two submissions: Batch takes 50 a second.
  private static let pace = 0.02

  init(_ settings: Settings, plan: Plan, manifests: Manifests, store: S3.Client, batch: BatchService) {
    self.settings = settings
    self.plan = plan
    self.manifests = manifests
    self.store = store
    self.batch = batch
  }

  /// The result of a batch.
  struct Result: Sendable {
    /// All jobs, also those that were submitted before.
    var jobs: [SubmittedJob] = []
    /// The jobs of the plan that Batch has: the first ones.
    var planned = 0
    /// What ended the work early.
    var failure: CallFailure?
    /// The reader of standard output has closed it.
    var broken: SystemError?
  }

  /// Submits the jobs of the plan in order and, where that is asked for, the one that joins their parts.
  ///
  /// What was submitted before with the very same request is not submitted again; its line is written once more.
  ///
  /// - Parameter tell: called with each job once Batch has it; what it throws ends the work.
  func run(tell: (SubmittedJob) throws(SystemError) -> Void) async -> Result {
    var result = Result()
    for job in plan.jobs {
      let request = settings.template.request(job, manifests: manifests.folder, hash: manifests.hash)
      await add(job, request, images: plan.range(of: job).count, to: &result, tell)
      if result.failure != nil || result.broken != nil { return result }
      result.planned += 1
    }
    if settings.mergesParts {
      let request = settings.template.mergeRequest(
        parts: plan.children, dependsOn: result.jobs.map(\.id), manifests: manifests.folder, hash: manifests.hash)
      await add(nil, request, images: plan.images, to: &result, tell)
    }
    return result
  }

  private func add(
    _ job: Plan.Job?, _ request: [UInt8], images: Int, to result: inout Result,
    _ tell: (SubmittedJob) throws(SystemError) -> Void
  ) async {
    do throws(ServiceError) {
      let submitted = try await submit(job, request: request, images: images)
      result.jobs.append(submitted)
      do throws(SystemError) {
        try tell(submitted)
      } catch {
        result.broken = error
      }
    } catch {
      result.failure = CallFailure(object: "\(manifests.folder)", error: error)
    }
  }

  /// - Parameter job: of the plan; nil for the one that joins the parts.
  private func submit(
    _ job: Plan.Job?, request: [UInt8], images: Int
  ) async throws(ServiceError) -> SubmittedJob {
    let marker = manifests.marker(first: job?.first, request: request)
    if !settings.resubmits, let earlier = try await submittedBefore(marker) {
      report(tool: "batchsubmit", object: earlier.id, reason: "was submitted before, for the same images")
      return earlier
    }
    if let job { try await upload(job) }
    let id = try await batch.submit(request)
    let line = line(id: id, job, images: images)
    do throws(ServiceError) {
      try await store.put(marker, .bytes(line))
    } catch {
      // The job runs; only a second delivery of the batch would not know.
      report(
        tool: "batchsubmit", object: "\(marker)", reason: "cannot record that \(id) was submitted: \(error.sentence)")
    }
    await Loop.sleep(seconds: Self.pace)
    return SubmittedJob(id: id, line: line)
  }

  private func submittedBefore(_ marker: ObjectURI) async throws(ServiceError) -> SubmittedJob? {
    let line: [UInt8]
    do throws(ServiceError) {
      line = try await store.get(GetRequest(marker), size: nil, limit: 64 << 10).bytes
    } catch {
      guard case .refused(let failure) = error, failure.status == 404 || failure.status == 403 else { throw error }
      // Without permission to list the bucket S3 answers 403 for a missing object.
      if failure.status == 403 {
        report(
          tool: "batchsubmit", object: "\(marker)",
          reason: "cannot determine whether this was submitted before: \(error.sentence); grant s3:ListBucket")
      }
      return nil
    }
    guard let id = jobID(line: line) else { throw .malformedResponse("\(marker) is not a submission record") }
    return SubmittedJob(id: id, line: line)
  }

  /// Uploads the manifests of a job's children, in concurrent tasks.
  private func upload(_ job: Plan.Job) async throws(ServiceError) {
    let lanes = min(Self.uploads, job.size)
    uploadFailure = nil
    await Loop.concurrently(lanes) { lane in
      for child in stride(from: job.first + lane, to: job.first + job.size, by: lanes) {
        guard self.uploadFailure == nil else { return }
        await self.upload(child: child)
      }
    }
    if let uploadFailure { throw uploadFailure }
  }

  /// Manifests are named by a hash of all, so one that is there is the same.
  private func upload(child: Int) async {
    do throws(ServiceError) {
      try await store.put(
        manifests.location(ofChild: child), .bytes(manifests.content(ofChild: child)), ifAbsent: true)
    } catch {
      if case .refused(let failure) = error, failure.status == 412 { return }
      uploadFailure = uploadFailure ?? error
    }
  }

  private func line(id: String, _ job: Plan.Job?, images: Int) -> [UInt8] {
    let template = settings.template
    let parts = "\(template.output)/\(manifests.hash)/"
    let texts =
      if let job {
        (template.name(job, hash: manifests.hash), "\(manifests.location(ofChild: job.first))", parts)
      } else {
        (template.mergeName(hash: manifests.hash), "\(manifests.folder)/", "\(parts)predictions.ndjson")
      }
    return JSONText.line { json in
      json.member("jobId", id)
      json.member("jobName", texts.0)
      json.member("arraySize", job?.size ?? 1)
      json.member("images", images)
      json.member("manifest", texts.1)
      json.member("output", texts.2)
    }
  }
}

/// The job's id in a line of output; nil where the line is not a job.
func jobID(line: [UInt8]) -> String? {
  struct Line: Decodable { let jobId: String }
  return (try? JSONDecoder().decode(Line.self, from: Data(line)))?.jobId
}
