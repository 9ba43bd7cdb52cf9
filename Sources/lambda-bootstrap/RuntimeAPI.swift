// The Runtime API: four calls to the address that Lambda gives.
import HTTP

/// Sends one request and waits for its answer.
protocol Transport {
  func send(_ request: Request) throws(HTTPError) -> Response
}

/// The calls of the Runtime API, version 2018-06-01.
///
/// - Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
struct RuntimeAPI<Link: Transport> {
  /// Bytes of a response that Lambda takes: 6 MiB and 100 bytes. More is a 413.
  static var responseLimit: Int { (6 << 20) + 100 }

  /// What became of a response or an error that was posted.
  enum Posted: Equatable {
    case accepted
    /// Too large, too late, unknown, already answered: nothing more can be said about this event.
    case refused(status: Int)
    case lost(HTTPError)
  }

  /// Why there is no event.
  enum NoEvent: Error, Equatable {
    case refused(status: Int)
    case lost(HTTPError)
    case malformed(requestID: String?)
  }

  let origin: String
  let link: Link

  /// - Parameter address: `AWS_LAMBDA_RUNTIME_API`: host and port.
  init(address: String, link: Link) {
    origin = "http://\(address)/2018-06-01/runtime"
    self.link = link
  }

  /// Waits for the next event, however long that is: between events the sandbox is frozen.
  func next() throws(NoEvent) -> Invocation {
    var request = Request("GET", origin + "/invocation/next", sink: .memory(limit: 64 << 20))
    request.options = Self.options
    request.options.lowSpeedSeconds = 0
    let response: Response
    do { response = try link.send(request) } catch { throw .lost(error) }
    guard response.status == 200 else { throw .refused(status: response.status) }
    do {
      return try Invocation(headers: response.headers, body: response.body)
    } catch { throw .malformed(requestID: error.requestID) }
  }

  func respond(_ event: Invocation, _ body: [UInt8]) -> Posted {
    post(
      "/invocation/\(event.requestID)/response",
      headers: [("content-type", "application/json")] + Self.attempt(event), body)
  }

  func fail(_ event: Invocation, _ error: InvocationError) -> Posted {
    post("/invocation/\(event.requestID)/error", headers: Self.headers(error) + Self.attempt(event), error.body)
  }

  func failInit(_ error: InvocationError) -> Posted { post("/init/error", headers: Self.headers(error), error.body) }

  private func post(_ path: String, headers: [(name: String, value: String)], _ body: [UInt8]) -> Posted {
    var request = Request("POST", origin + path, headers: headers, body: .bytes(body))
    request.options = Self.options
    var result = Posted.accepted
    // A connection that was lost may have carried the post or not; a second one that comes too late is refused, no more.
    for _ in 0..<3 {
      do {
        let response = try link.send(request)
        return (200..<300).contains(response.status) ? .accepted : .refused(status: response.status)
      } catch {
        result = .lost(error)
      }
    }
    return result
  }

  /// The address is on this machine, whatever proxy the function's own requests need.
  private static var options: Request.Options {
    var options = Request.Options()
    options.proxy = .none
    return options
  }

  private static func attempt(_ event: Invocation) -> [(name: String, value: String)] {
    event.attemptID.map { [("lambda-runtime-invocation-id", $0)] } ?? []
  }

  private static func headers(_ error: InvocationError) -> [(name: String, value: String)] {
    [("content-type", "application/json"), ("lambda-runtime-function-error-type", error.type)]
  }
}
