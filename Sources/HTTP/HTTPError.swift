// Reasons why a transfer failed.

import Glibc
import POSIX

/// A transfer that ended without a whole response.
package enum HTTPError: Error, Equatable, Sendable {
  /// The name has no address, or no resolver answered.
  case resolve(host: String)
  /// No connection: refused, unreachable, or refused by the proxy.
  case connect(host: String, message: String)
  /// The certificate, the file of trusted certificates, or a handshake that the two sides cannot agree on. A connection
  /// that broke during the handshake is `reset`.
  case tls(message: String)
  /// One of the request's time limits, after this many seconds.
  case timeout(seconds: Double)
  /// The connection broke before the response's end.
  case reset(message: String)
  /// The body ended early; `expected` is -1 where the server had not said.
  case truncated(expected: Int64, received: Int64)
  /// The body is longer than the sink takes, or the header is longer than any server's.
  case tooLarge(limit: Int64)
  /// The sink took no more.
  case stopped
  /// The body's `pread` failed with this errno; `ENODATA` when the file has become shorter.
  case source(errno: Int32)
  case badURL(String)
  /// A name or value that would break the request's framing.
  case badHeader(name: String)
  /// `Client.cancel`, or a task on the loop that was cancelled.
  case cancelled
  /// Anything else libcurl or the system reports.
  case other(code: Int, message: String)
}

extension HTTPError {
  /// One sentence without a line end.
  package var sentence: String {
    switch self {
    case .resolve(let host): "cannot resolve \(host)"
    case .connect(let host, let message): "cannot connect to \(host): \(message)"
    case .tls(let message): "TLS failed: \(message)"
    case .timeout(let seconds): "no response within \(Int(seconds)) seconds"
    case .reset(let message): "the connection broke: \(message)"
    case .truncated(let expected, let received) where expected >= 0:
      "the response ended after \(received) of \(expected) bytes"
    case .truncated(_, let received): "the response ended early, after \(received) bytes"
    case .tooLarge(let limit): "the response is longer than \(limit) bytes"
    case .stopped: "the received bytes could not be written"
    case .source(let code):
      code == ENODATA || code == ESTALE ? "the file changed while it was read" : "cannot read: \(Errno(code))"
    case .badURL: "the name does not form a valid URL"
    case .badHeader(let name): "the header \(name) contains a line break"
    case .cancelled: "interrupted"
    case .other(let code, let message): "\(message) (libcurl error \(code))"
    }
  }
}

/// A URL with the password of its authority hidden.
package func withoutPassword(_ url: String) -> String {
  guard let scheme = url.firstRange(of: "://") else { return url }
  let authority = url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
  guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") else { return url }
  return url[..<colon] + ":…" + url[at...]
}
