// The calls of AWS Batch that this tool makes.
// https://docs.aws.amazon.com/batch/latest/APIReference/Welcome.html

import AWS
import FoundationEssentials
import HTTP
import HTTPFields
import Streams

/// AWS Batch in one region. All functions throw `ServiceError`, after `ServiceClient`'s retries.
@Loop
final class BatchService {
  private let services: ServiceClient
  private let endpoint: Endpoint
  private let region: String

  init(_ services: ServiceClient) throws(ConfigurationError) {
    self.services = services
    region = try signingRegion(services.configuration, service: "batch")
    endpoint = try services.configuration.endpoint("batch", region: region)
  }

  /// Submits a job and gives its id. SubmitJob has no client token: a request whose answer was lost is sent again and
  /// makes a second job.
  func submit(_ request: [UInt8]) async throws(ServiceError) -> String {
    struct Answer: Decodable { let jobId: String }
    return try await call("submitjob", request, Answer.self).jobId
  }

  /// Describes the jobs; those that Batch does not know are omitted.
  func describe(_ ids: [String]) async throws(ServiceError) -> [JobDetail] {
    struct Answer: Decodable { let jobs: [JobDetail] }
    var result: [JobDetail] = []
    // DescribeJobs takes 100 at once.
    for start in stride(from: 0, to: ids.count, by: 100) {
      let body = JSONText.object { json in
        json.array("jobs", ids[start..<min(start + 100, ids.count)]) { $0.string($1) }
      }
      result += try await call("describejobs", body, Answer.self).jobs
    }
    return result
  }

  /// The ids of children that failed, `limit` of them at most.
  func failedChildren(of id: String, limit: Int) async throws(ServiceError) -> [String] {
    struct Answer: Decodable {
      struct Summary: Decodable { let jobId: String }
      let jobSummaryList: [Summary]
    }
    let body = JSONText.object { json in
      json.member("arrayJobId", id)
      json.member("jobStatus", JobStatus.failed.rawValue)
      json.member("maxResults", limit)
    }
    return try await call("listjobs", body, Answer.self).jobSummaryList.prefix(limit).map(\.jobId)
  }

  /// Ends a job wherever it is: what runs is killed, what waits is cancelled; an array with all its children.
  func terminate(_ id: String, reason: String) async throws(ServiceError) {
    struct Answer: Decodable {}
    let body = JSONText.object { json in
      json.member("jobId", id)
      json.member("reason", reason)
    }
    _ = try await call("terminatejob", body, Answer.self)
  }

  private func call<Answer: Decodable>(
    _ operation: String, _ body: [UInt8], _: Answer.Type
  ) async throws(ServiceError) -> Answer {
    var call = ServiceRequest(
      endpoint: endpoint, service: "batch", region: region, method: "POST",
      path: "\(endpoint.basePath)/v1/\(operation)")
    call.headers = [("content-type", "application/json")]
    call.setBody(body)
    return try decoded(try await services.send(call), operation)
  }
}

/// The region to sign for; a configured endpoint may need none.
func signingRegion(_ configuration: Configuration, service: String) throws(ConfigurationError) -> String {
  if let region = configuration.region { return region }
  guard try configuration.configuredEndpoint(service) != nil else { throw .noRegion }
  return "us-east-1"
}

/// An answer's JSON; an empty body counts as an empty object.
func decoded<Answer: Decodable>(_ response: Response, _ operation: String) throws(ServiceError) -> Answer {
  let body = response.body.isEmpty ? Array("{}".utf8) : response.body
  guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(body)) else {
    throw .malformedResponse("\(operation): not the JSON that was expected")
  }
  return answer
}
