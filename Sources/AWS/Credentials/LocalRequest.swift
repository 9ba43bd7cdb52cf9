// Requests to the credential services of this host or network: small, quick, past any proxy.

import HTTP
import HTTPFields

/// A request that no proxy may see.
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

/// Sends it, three times where the service is unreachable or busy; gives a 2xx answer.
@Loop func ask(
  _ request: Request, source: String, attempts: Int = 3, transport: any Transport
) async throws(CredentialsError) -> Response {
  var failure = CredentialsError.unreachable(source: source, reason: "no answer")
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
