// curl's error codes as `HTTPError`.

import CCurl

extension HTTPError {
  /// The error of a transfer that curl ended with this code.
  ///
  /// - Parameters:
  ///   - url: the request's.
  ///   - received: bytes of body that arrived.
  init(_ code: CURLcode, of handle: borrowing EasyHandle, url: String, received: Int64) {
    let message = handle.message(code)
    self =
      switch code {
      case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .resolve(host: host(of: url))
      case CURLE_COULDNT_CONNECT, CURLE_PROXY: .connect(host: host(of: url), message: message)
      case CURLE_SSL_CONNECT_ERROR where isBrokenConnection(message): .reset(message: message)
      case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
        CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_ENGINE_INITFAILED:
        .tls(message: message)
      case CURLE_OPERATION_TIMEDOUT: .timeout(seconds: handle.seconds)
      case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING: .reset(message: message)
      case CURLE_PARTIAL_FILE: .truncated(expected: handle.declaredLength, received: received)
      case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .badURL(url)
      default: .other(code: Int(code.rawValue), message: message)
      }
  }
}

/// Whether a failed handshake failed because the connection broke; libcurl has one code for both.
private func isBrokenConnection(_ message: String) -> Bool {
  ["SSL_ERROR_SYSCALL", "reset by peer", "unexpected eof", "Broken pipe"].contains { message.contains($0) }
}

/// The authority of a URL that curl has accepted, for a message.
private func host(of url: String) -> String {
  guard let scheme = url.firstRange(of: "://") else { return url }
  return String(url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" })
}
