// One event as the Runtime API hands it over: its body and everything its headers say.

import HTTPFields

/// An event to answer.
struct Invocation {
  let requestID: String
  /// One attempt at the request; sent back with the response, so that Lambda can tell it from that of an attempt which
  /// timed out (aws-lambda-cpp#221).
  let attemptID: String?
  /// The function's end of this event, in milliseconds since 1970.
  let deadline: Int64?
  let functionARN: String?
  let traceID: String?
  let clientContext: String?
  let cognitoIdentity: String?
  let tenantID: String?
  let body: [UInt8]

  /// Why a response of `/next` is not an event.
  struct Malformed: Error, Equatable {
    let requestID: String?
  }

  /// - Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html (next invocation).
  init(headers: HeaderFields, body: [UInt8]) throws(Malformed) {
    // The id becomes a part of a URL.
    let id = headers["Lambda-Runtime-Aws-Request-Id"]
    guard let id, (1...256).contains(id.utf8.count), id.utf8.allSatisfy(isURLSafe) else {
      throw Malformed(requestID: id)
    }
    requestID = id
    attemptID = headers["Lambda-Runtime-Invocation-Id"]
    deadline = headers["Lambda-Runtime-Deadline-Ms"].flatMap { Int64($0) }.flatMap { $0 > 0 ? $0 : nil }
    functionARN = headers["Lambda-Runtime-Invoked-Function-Arn"]
    traceID = headers["Lambda-Runtime-Trace-Id"]
    clientContext = headers["Lambda-Runtime-Client-Context"]
    cognitoIdentity = headers["Lambda-Runtime-Cognito-Identity"]
    tenantID = headers["Lambda-Runtime-Aws-Tenant-Id"]
    self.body = body
  }

  /// Environment variables of the command; a header that is absent leaves its variable unset, so that nothing
  /// of an earlier event is seen.
  var environment: [(name: String, value: String?)] {
    [
      ("LAMBDA_REQUEST_ID", requestID),
      ("LAMBDA_DEADLINE_MS", deadline.map { String($0) }),
      ("LAMBDA_FUNCTION_ARN", functionARN),
      ("_X_AMZN_TRACE_ID", traceID),
      ("LAMBDA_CLIENT_CONTEXT", clientContext),
      ("LAMBDA_COGNITO_IDENTITY", cognitoIdentity),
      ("LAMBDA_TENANT_ID", tenantID),
    ]
  }

  /// The deadline of the work, on the monotonic clock, early enough to report a timeout: a tenth of the time left
  /// early, at most 100 ms.
  func workDeadline(wall: Int64, monotonic: Int64) -> Int64? {
    guard let deadline else { return nil }
    let left = min(max(deadline - wall, 0), Int64(Int32.max))
    return monotonic + left - min(left / 10, 100)
  }
}

private func isURLSafe(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
  case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
  default: false
  }
}
