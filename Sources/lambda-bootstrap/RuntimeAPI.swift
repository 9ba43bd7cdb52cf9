// The Runtime API: four calls to the address that Lambda gives.

import HTTPFields
import POSIX

/// Makes one call and waits for its reply.
protocol Transport {
  func send(_ call: RuntimeCall) throws(LinkError) -> RuntimeReply
}

/// The calls of the Runtime API, version 2018-06-01.
///
/// - Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
struct RuntimeAPI<Link: Transport> {
  /// Bytes of a response that Lambda takes: 6 MiB and 100 bytes. More is a 413.
  static var responseLimit: Int { (6 << 20) + 100 }

  /// The result of posting a response or an error.
  enum Posted: Equatable {
    case accepted
    /// Too large, too late, unknown, already answered: nothing more can be said about this event.
    case refused(status: Int)
    case lost(LinkError)
  }

  /// Why no event was received.
  enum NoEvent: Error, Equatable {
    case refused(status: Int)
    case lost(LinkError)
    case malformed(requestID: String?)
  }

  /// Milliseconds without a byte from the Runtime API after which a post counts as lost.
  private static var patience: Int { 60_000 }
  private static var version: String { "/2018-06-01/runtime" }

  let link: Link

  /// Waits for the next event, however long that is: between events the sandbox is frozen.
  func next() throws(NoEvent) -> Invocation {
    let reply = try mapError(NoEvent.lost) { () throws(LinkError) in
      try link.send(RuntimeCall(method: "GET", path: Self.version + "/invocation/next"))
    }
    guard reply.status == 200 else { throw .refused(status: reply.status) }
    return try mapError {
      NoEvent.malformed(requestID: $0.requestID)
    } of: { () throws(Invocation.Malformed) in
      try Invocation(headers: reply.headers, body: reply.body)
    }
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

  private func post(_ path: String, headers: HeaderFields, _ body: [UInt8]) -> Posted {
    let call = RuntimeCall(
      method: "POST", path: Self.version + path, headers: headers, body: body, patience: Self.patience)
    var result = Posted.accepted
    // A connection that was lost may have carried the post or not; a second one that comes too late is refused, no more.
    for _ in 0..<3 {
      do {
        let reply = try link.send(call)
        return (200..<300).contains(reply.status) ? .accepted : .refused(status: reply.status)
      } catch {
        result = .lost(error)
      }
    }
    return result
  }

  private static func attempt(_ event: Invocation) -> HeaderFields {
    event.attemptID.map { [("lambda-runtime-invocation-id", $0)] } ?? []
  }

  private static func headers(_ error: InvocationError) -> HeaderFields {
    [("content-type", "application/json"), ("lambda-runtime-function-error-type", error.type)]
  }
}
