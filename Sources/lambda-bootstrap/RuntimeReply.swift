// A call of the Runtime API and what comes back.

import HTTPFields
import POSIX

/// One call: an HTTP/1.1 request without anything that the Runtime API has no use for.
struct RuntimeCall {
  var method: String
  /// From the slash on.
  var path: String
  var headers: HeaderFields = []
  var body: [UInt8] = []
  /// Milliseconds without a byte after which it fails; nil: no limit.
  var patience: Int?

  /// The request's head; the body follows it as it is.
  ///
  /// - Parameter host: where it goes, as `AWS_LAMBDA_RUNTIME_API` has it.
  func head(host: String) -> [UInt8] {
    var head: [UInt8] = []
    head.reserveCapacity(256)
    head += "\(method) \(path) HTTP/1.1\r\nhost: \(host)\r\n".utf8
    for (name, value) in headers { head += "\(name): \(value)\r\n".utf8 }
    if method == "POST" { head += "content-length: \(body.count)\r\n".utf8 }
    head += "\r\n".utf8
    return head
  }
}

/// The response to one call, of any status.
struct RuntimeReply {
  var status: Int
  var headers = HeaderFields()
  var body: [UInt8] = []
}

/// Why a call has no reply.
enum LinkError: Error, Equatable {
  /// The address has an unknown host or no port.
  case address
  /// `connect` failed with this errno.
  case connect(errno: Int32)
  /// Nothing came for this many milliseconds.
  case timeout(milliseconds: Int)
  /// The connection ended after this many bytes of the reply.
  case closed(received: Int)
  /// The received bytes are not an HTTP response.
  case malformed
  /// The head or the body is longer than this.
  case tooLarge(limit: Int)
}

extension LinkError {
  /// One sentence without a line end.
  var sentence: String {
    switch self {
    case .address: "its address has no known host or no port"
    case .connect(let code): "cannot connect: \(Errno(code))"
    case .timeout(let milliseconds): "no response within \(milliseconds) ms"
    case .closed(let received): "the connection ended after \(received) bytes of the response"
    case .malformed: "the response is not HTTP"
    case .tooLarge(let limit): "the response is longer than \(limit) bytes"
    }
  }
}
