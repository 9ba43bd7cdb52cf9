// What --verbose reports: each attempt of each request, and why it is retried. Contains no secrets.

package import HTTP

/// One thing that happened on the network.
package enum Trace: Sendable {
  /// A response arrived.
  case answered(method: String, url: String, status: Int, bytes: Int64, seconds: Double)
  /// No response arrived.
  case failed(method: String, url: String, HTTPError, seconds: Double)
  /// The call is tried again.
  ///
  /// - Parameters:
  ///   - attempt: of the attempt that follows, 2 and up.
  ///   - after: seconds.
  case retry(method: String, url: String, attempt: Int, after: Double)
}

/// Reports every request that it forwards.
struct TracedTransport: Transport {
  let transport: any Transport
  let trace: @Loop (Trace) -> Void

  @Loop func send(_ request: Request) async throws(HTTPError) -> Response {
    let (method, url) = (request.method, publicURL(request))
    let clock = ContinuousClock()
    let start = clock.now
    func seconds() -> Double { start.duration(to: clock.now) / .seconds(1) }
    do throws(HTTPError) {
      let response = try await transport.send(request)
      trace(
        .answered(
          method: method, url: url, status: response.status, bytes: response.bytesReceived, seconds: seconds()))
      return response
    } catch {
      trace(.failed(method: method, url: url, error, seconds: seconds()))
      throw error
    }
  }
}

/// A request's URL with what may be secret left out: the path of an endpoint of this host, which may name a task's
/// credentials, and the values of a query that are not known to be harmless.
func publicURL(_ request: Request) -> String {
  let harmless: Set<Substring> = [
    "delete", "encoding-type", "list-type", "partNumber", "prefix", "uploads", "versionId",
  ]
  let url = request.url
  if case .none = request.options.proxy {
    let pieces = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
    return pieces.prefix(3).joined(separator: "/") + "/…"
  }
  guard let mark = url.firstIndex(of: "?") else { return url }
  let query = url[url.index(after: mark)...].split(separator: "&").map { pair in
    let name = pair.prefix { $0 != "=" }
    return harmless.contains(name) ? String(pair) : "\(name)=…"
  }
  return url[..<mark] + "?" + query.joined(separator: "&")
}
