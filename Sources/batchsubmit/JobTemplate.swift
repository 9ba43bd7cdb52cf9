// What all jobs of a batch have in common, and the SubmitJob request that makes one of them.
// https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html

import S3
import Streams

/// A name and a value, of a tag or of a variable.
struct Pair: Equatable {
  let name: String
  let value: String
}

/// Everything about a job but which manifests it reads. Valid by construction: see `Options`.
struct JobTemplate {
  var queue: String
  var definition: String
  /// Jobs are called `name-hash-first`.
  var name: String
  /// The prefix that predictions go under, without a slash at its end.
  var output: ObjectURI
  var size: FargateSize?
  var retryStrategy: RetryStrategy
  /// Seconds of one attempt, after which Batch ends it: at least 60. Nil for the job definition's.
  var timeout: Int?
  var tags: [Pair] = []
  var environment: [Pair] = []
  /// At most 20.
  var dependsOn: [String] = []

  /// The variables that pass a container its work, and those that Batch sets.
  static func isReserved(_ variable: String) -> Bool {
    ["MANIFEST", "FIRST", "OUTPUT", "MERGE_PARTS", "INPUT_BUCKET", "FILE_NAME"].contains(variable)
      || variable.hasPrefix("AWS_BATCH")
  }

  /// The name of the job that begins with manifest number `first`.
  func name(_ job: Plan.Job, hash: String) -> String { "\(name)-\(hash.prefix(12))-\(job.first)" }

  /// The name of the job that joins the parts.
  func mergeName(hash: String) -> String { "\(name)-\(hash.prefix(12))-merge" }

  /// The request for a job: an array of children, or a plain job where there is one child.
  func request(_ job: Plan.Job, manifests: ObjectURI, hash: String) -> [UInt8] {
    let work = [Pair(name: "FIRST", value: String(job.first))]
    return request(
      named: name(job, hash: hash), size: job.size, dependsOn: dependsOn, work: work, manifests: manifests)
  }

  /// The request for the job that joins the parts of all children when all of them have succeeded.
  func mergeRequest(parts: Int, dependsOn jobs: [String], manifests: ObjectURI, hash: String) -> [UInt8] {
    request(
      named: mergeName(hash: hash), size: 1, dependsOn: jobs,
      work: [Pair(name: "MERGE_PARTS", value: String(parts))], manifests: manifests)
  }

  private func request(
    named name: String, size children: Int, dependsOn: [String], work: [Pair], manifests: ObjectURI
  ) -> [UInt8] {
    JSONText.object { json in
      json.member("jobName", name)
      json.member("jobQueue", queue)
      json.member("jobDefinition", definition)
      if children > 1 { json.object("arrayProperties") { $0.member("size", children) } }
      if !dependsOn.isEmpty {
        json.array("dependsOn", dependsOn) { json, job in json.object { $0.member("jobId", job) } }
      }
      json.member("containerOverrides") { writeOverrides(work, manifests: manifests, to: &$0) }
      retryStrategy.write(to: &json)
      if let timeout { json.object("timeout") { $0.member("attemptDurationSeconds", timeout) } }
      if !tags.isEmpty {
        json.object("tags") { json in
          for tag in tags { json.member(tag.name, tag.value) }
        }
        // Cost allocation uses the tags of the tasks.
        json.member("propagateTags", true)
      }
    }
  }

  /// Bytes of the largest JSON that Batch takes as a job's container overrides.
  static let maximumOverrides = 8192

  /// Bytes of the container overrides of a job: everything in them counts together.
  func overridesSize(manifests: ObjectURI) -> Int {
    var json = JSONText()
    writeOverrides([Pair(name: "FIRST", value: String(Int32.max))], manifests: manifests, to: &json)
    return json.bytes.count
  }

  private func writeOverrides(_ work: [Pair], manifests: ObjectURI, to json: inout JSONText) {
    let locations = [Pair(name: "MANIFEST", value: "\(manifests)"), Pair(name: "OUTPUT", value: "\(output)")]
    json.object { json in
      json.array("environment", locations + work + environment) { json, variable in
        json.object { json in
          json.member("name", variable.name)
          json.member("value", variable.value)
        }
      }
      if let size {
        json.array("resourceRequirements", [("VCPU", size.vcpu), ("MEMORY", String(size.memory))]) {
          json, requirement in
          json.object { json in
            json.member("type", requirement.0)
            json.member("value", requirement.1)
          }
        }
      }
    }
  }
}
