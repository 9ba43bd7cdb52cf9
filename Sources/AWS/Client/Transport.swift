// The access to the network, as a parameter: a test gives responses of its own.

package import HTTP

/// Sends a request and gives what came back; nothing here signs, retries or follows.
package protocol Transport: Sendable {
  @Loop func send(_ request: Request) async throws(HTTPError) -> Response
}

/// libcurl, on the loop's thread.
struct NetworkTransport: Transport {
  @Loop package func send(_ request: Request) async throws(HTTPError) -> Response {
    try await Loop.send(request)
  }
}
