// The access to the network, as a parameter: a test gives responses of its own.

public import HTTP

/// Sends a request and gives what came back; nothing here signs, retries or follows.
public protocol Transport: Sendable {
  @Loop func send(_ request: Request) async throws(HTTPError) -> Response
}

/// libcurl, on the loop's thread.
public struct NetworkTransport: Transport {
  public init() {}

  @Loop public func send(_ request: Request) async throws(HTTPError) -> Response {
    try await Loop.send(request)
  }
}
