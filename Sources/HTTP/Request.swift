// What is asked of a server: a method, a URL used as it is, headers in order, a body, and where the response's bytes go.

package import HTTPFields

/// One HTTP request.
package struct Request: Sendable {
  /// The body to send.
  package enum Body: Sendable {
    case none
    case bytes([UInt8])
    /// `length` bytes of an open, seekable file, read with `pread`; the descriptor stays the caller's and must stay
    /// open until the completion has run. Sent again from `offset` when a dead connection has to be replaced.
    ///
    /// `observer`, if any, is called on the loop before bytes are handed to the network, with the count of
    /// bytes handed over so far, these included; false ends the transfer with `source(errno: ESTALE)`, so that the
    /// server never sees a whole body.
    case file(descriptor: Int32, offset: Int64, length: Int64, observer: Observer? = nil)

    package typealias Observer = @Loop (_ handedOver: Int64) -> Bool

    var isFile: Bool { if case .file = self { true } else { false } }

    /// Bytes.
    var length: Int64 {
      switch self {
      case .none: 0
      case .bytes(let bytes): Int64(bytes.count)
      case .file(_, _, let length, _): length
      }
    }
  }

  /// Where the body of a successful response (a status under 300) goes. Any other body is an error body:
  /// it goes to `Response.body`, its first 64 KiB.
  package enum Sink: Sendable {
    /// Into `Response.body`; longer than `limit` bytes is `HTTPError.tooLarge`.
    case memory(limit: Int)
    /// Handed over as they arrive, on the loop: such a request is sent by `Loop.send`. `accepts` is called once, with the
    /// status and the headers, before the first byte; `false` from either closure ends the transfer with `stopped`. The
    /// closures must not send requests.
    case chunks(accepts: @Loop (Int, HeaderFields) -> Bool = { _, _ in true }, take: @Loop (RawSpan) -> Bool)
  }

  package enum Proxy: Sendable {
    /// As libcurl reads `http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`, in capitals too.
    case fromEnvironment
    case none
  }

  /// Limits on time and how the server is reached.
  package struct Options: Sendable {
    /// Milliseconds for name, connection and TLS handshake together.
    package var connectTimeout = 10_000
    /// Seconds without a byte in either direction after which the transfer ends with `timeout`. Counted while the client
    /// waits for the network: a program that is busy, or holds back to a rate, does not make its server silent.
    var silenceLimit = 60.0
    /// The same where no other transfer of the client moves either: the service is down or cannot be reached.
    package var outageLimit: Double?
    /// Milliseconds for all of it; nil: no limit.
    package var totalTimeout: Int?
    /// Seconds for which a cancelled task still waits for the response to a request that has been sent whole: the server
    /// may be carrying it out, and the caller has to undo what it did. A request not yet sent whole ends
    /// at once with `cancelled`, one that gets no response with `timeout`.
    package var cancellationGrace = 0.0
    package var proxy = Proxy.fromEnvironment
    /// A PEM file of trusted certificates in place of the system's.
    package var caBundle: String?

    package init() {}
  }

  package var method: String
  /// `http` or `https` only. Nothing is encoded, and no dot segment is removed; libcurl 8.20 and later writes the
  /// hexadecimal digits of escapes in upper case.
  package var url: String
  /// Sent in this order. Only `Host` and `Content-Length` are added, unless they are given.
  package var headers: HeaderFields
  package var body: Body
  var sink: Sink
  package var options: Options

  package init(
    _ method: String, _ url: String, headers: HeaderFields = [], body: Body = .none,
    sink: Sink = .memory(limit: 16 << 20), options: Options = Options()
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.sink = sink
    self.options = options
  }
}
