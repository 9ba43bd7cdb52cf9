// Reasons why a transfer failed.

/// A transfer that ended without a whole response.
public enum HTTPError: Error, Equatable, Sendable {
  /// The name has no address, or no resolver answered.
  case resolve(host: String)
  /// No connection: refused, unreachable, or the proxy would not.
  case connect(host: String, message: String)
  /// The handshake, the certificate, or the file of trusted certificates.
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
  /// `Client.cancelAll`.
  case cancelled
  /// Anything else libcurl or the system reports.
  case other(code: Int, message: String)
}
