// The last lines that a container wrote, from CloudWatch Logs.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html

import AWS
import HTTP
import HTTPFields
import Streams

/// CloudWatch Logs in one region.
@Loop
final class LogService {
  private let services: ServiceClient
  private let endpoint: Endpoint
  private let region: String

  /// Where Batch's containers write when their job definition names no group.
  static let usualGroup = "/aws/batch/job"

  init(_ services: ServiceClient) throws(ConfigurationError) {
    self.services = services
    region = try signingRegion(services.configuration, service: "logs")
    endpoint = try services.configuration.endpoint("logs", region: region)
  }

  /// The last `limit` lines of a stream, oldest first.
  func lastLines(group: String, stream: String, limit: Int) async throws(ServiceError) -> [String] {
    struct Answer: Decodable {
      struct Event: Decodable { let message: String? }
      let events: [Event]
    }
    let body = JSONText.object { json in
      json.member("logGroupName", group)
      json.member("logStreamName", stream)
      json.member("limit", limit)
      json.member("startFromHead", false)
    }
    var call = ServiceRequest(
      endpoint: endpoint, service: "logs", region: region, method: "POST", path: endpoint.basePath + "/")
    call.headers = [
      ("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "Logs_20140328.GetLogEvents"),
    ]
    call.setBody(body)
    let answer: Answer = try decoded(try await services.send(call), "GetLogEvents")
    return answer.events.compactMap(\.message)
  }
}
