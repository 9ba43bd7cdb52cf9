// Requests to the credential services of this host or network: short timeout, no proxy, three attempts.

import HTTP
import HTTPFields

/// A request that bypasses proxies.
///
/// - Parameter timeout: milliseconds.
func localRequest(
  _ method: String, _ url: String, headers: HeaderFields = [], timeout: Int
) -> Request {
  var request = Request(method, url, headers: headers)
  request.options.proxy = .none
  request.options.connectTimeout = timeout
  request.options.totalTimeout = timeout
  return request
}

/// Sends `request`, up to `attempts` times after transport errors, 429 and 5xx. The AWS tools give these services a small
/// fixed number of attempts, not the retry mode's.
///
/// - Returns: the first response below 300.
/// - Throws: `.refused` for any other status, `.unreachable` after the last attempt.
@Loop func sendWithRetry(
  _ request: Request, source: String, attempts: Int = 3, transport: any Transport
) async throws(CredentialsError) -> Response {
  var failure = CredentialsError.unreachable(source: source, reason: "no response")
  for attempt in 1...attempts {
    switch await Result(catching: { () async throws(HTTPError) in try await transport.send(request) }) {
    case .success(let response):
      if response.status < 300 { return response }
      guard response.status >= 500 || response.status == 429 else {
        let code = ServiceFailure(response).code
        throw .refused(source: source, reason: code.isEmpty ? "HTTP status \(response.status)" : code)
      }
      failure = .unreachable(source: source, reason: "HTTP status \(response.status)")
    case .failure(let error): failure = .unreachable(source: source, reason: error.sentence)
    }
    if Task.isCancelled { break }
    if attempt < attempts { await Loop.sleep(seconds: 0.2 * Double(attempt)) }
  }
  throw failure
}
