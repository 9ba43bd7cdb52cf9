// A job as Batch describes it.
// https://docs.aws.amazon.com/batch/latest/APIReference/API_JobDetail.html

import Streams

/// The status of a job.
enum JobStatus: String, CaseIterable, Sendable {
  case submitted = "SUBMITTED"
  case pending = "PENDING"
  case runnable = "RUNNABLE"
  case starting = "STARTING"
  case running = "RUNNING"
  case succeeded = "SUCCEEDED"
  case failed = "FAILED"

  var isFinal: Bool { self == .succeeded || self == .failed }
}

/// A job or one child of an array.
struct JobDetail: Equatable, Sendable {
  var id: String
  var name = ""
  var status: JobStatus
  var statusReason: String?
  /// How many children have each status; empty for a job without children.
  var children: [JobStatus: Int] = [:]
  var exitCode: Int?
  /// The container's own reason: `OutOfMemoryError: …`.
  var containerReason: String?
  var logStream: String?
  /// `/aws/batch/job` where the job definition names no other.
  var logGroup: String?

  /// How many of the array's children have the status; of a job without children 1 where it has it itself, else 0.
  func count(_ status: JobStatus) -> Int {
    children.isEmpty ? (self.status == status ? 1 : 0) : children[status] ?? 0
  }

  /// The answer to `--status`, one line.
  var line: [UInt8] {
    JSONText.line { json in
      json.member("jobId", id)
      json.member("jobName", name)
      json.member("status", status.rawValue)
      json.member("statusReason", ifPresent: statusReason)
      json.object("children") { json in
        for status in JobStatus.allCases { json.member(status.rawValue.lowercased(), count(status)) }
      }
    }
  }
}

extension JobDetail: Decodable {
  private struct Container: Decodable {
    struct LogConfiguration: Decodable { let options: [String: String]? }
    let exitCode: Int?
    let reason: String?
    let logStreamName: String?
    let logConfiguration: LogConfiguration?
  }

  private struct Array: Decodable { let statusSummary: [String: Int]? }

  private enum CodingKeys: String, CodingKey {
    case jobId, jobName, status, statusReason, container, arrayProperties
  }

  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    id = try fields.decode(String.self, forKey: .jobId)
    name = try fields.decodeIfPresent(String.self, forKey: .jobName) ?? ""
    let status = try fields.decode(String.self, forKey: .status)
    guard let known = JobStatus(rawValue: status) else {
      throw DecodingError.dataCorruptedError(forKey: .status, in: fields, debugDescription: status)
    }
    self.status = known
    statusReason = try fields.decodeIfPresent(String.self, forKey: .statusReason)
    let container = try fields.decodeIfPresent(Container.self, forKey: .container)
    exitCode = container?.exitCode
    containerReason = container?.reason
    logStream = container?.logStreamName
    logGroup = container?.logConfiguration?.options?["awslogs-group"]
    let summary = try fields.decodeIfPresent(Array.self, forKey: .arrayProperties)?.statusSummary ?? [:]
    for (name, count) in summary where count > 0 {
      if let status = JobStatus(rawValue: name) { children[status] = count }
    }
  }
}
