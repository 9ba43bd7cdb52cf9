// A service's refusal: status, code and message, from XML or JSON.

import FoundationEssentials
package import HTTP
import HTTPFields

/// A service's refusal.
package struct ServiceFailure: Error, Equatable, Sendable {
  /// The HTTP status.
  package let status: Int
  /// The service's code: `NoSuchKey`, `SlowDown`; empty where the response has none.
  package let code: String
  /// The service's sentence.
  package let message: String
  /// Where the bucket is, when that is the reason.
  package let region: String?

  package init(status: Int, code: String, message: String = "", region: String? = nil) {
    self.status = status
    self.code = code
    self.message = message
    self.region = region
  }

  /// Reads a response that is not a success: S3's and STS's XML, or JSON with the code in a header or in `__type`.
  package init(_ response: Response) {
    var fields = [String: String]()
    if response.body.first(where: { $0 > 0x20 }) == UInt8(ascii: "<") {
      fields = Self.fields(xml: response.body)
    } else if let answer = try? JSONDecoder().decode(JSONAnswer.self, from: Data(response.body)) {
      fields = ["Code": answer.type ?? answer.code ?? "", "Message": answer.message ?? answer.capitalMessage ?? ""]
    }
    // `com.amazonaws.batch#ClientException`, `ClientException:http://…`
    let code = response.headers["x-amzn-errortype"] ?? fields["Code"] ?? ""
    let bare = code.split(separator: "#").last.map { $0.prefix { $0 != ":" } } ?? ""
    self.init(
      status: response.status, code: String(bare), message: fields["Message"] ?? "",
      region: response.headers["x-amz-bucket-region"] ?? fields["Region"])
  }

  private struct JSONAnswer: Decodable {
    let type: String?
    let code: String?
    let message: String?
    let capitalMessage: String?

    enum CodingKeys: String, CodingKey {
      case type = "__type"
      case code
      case message
      case capitalMessage = "Message"
    }
  }

  /// The text of the leaves of an error document, by name; what cannot be read is left out.
  private static func fields(xml: [UInt8]) -> [String: String] {
    var reader = XMLReader(xml)
    var fields = [String: String]()
    var name = ""
    while let event = try? reader.next(), event != .endOfDocument {
      switch event {
      case .start(let started): name = started
      case .text(let text): if !name.isEmpty { fields[name] = String(decoding: text, as: UTF8.self) }
      default: name = ""
      }
    }
    return fields
  }

  /// Throttled.
  var isThrottling: Bool {
    status == 429 || status == 503
      || [
        "SlowDown", "Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException",
        "RequestLimitExceeded", "RequestThrottled", "RequestThrottledException", "BandwidthLimitExceeded",
        "ProvisionedThroughputExceededException", "LimitExceededException",
      ].contains(code)
  }

  /// The same call may succeed later.
  package var isTransient: Bool {
    isThrottling || [408, 500, 502, 504, 509].contains(status)
      || [
        "RequestTimeout", "InternalError", "InternalFailure", "ServiceUnavailable", "PriorRequestNotComplete",
        "OperationAborted", "ConditionalRequestConflict", "RequestTimeTooSkewed",
      ].contains(code)
  }

  /// The credentials that signed the call have expired.
  package var isExpiry: Bool {
    ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"].contains(code)
  }

  /// The call was signed with a clock that is not the service's.
  var isSkew: Bool {
    ["RequestTimeTooSkewed", "RequestInTheFuture", "InvalidSignatureException", "SignatureDoesNotMatch"].contains(code)
  }
}

extension ServiceFailure {
  /// One sentence without a line end: `NoSuchKey (HTTP 404): The specified key does not exist.`
  var sentence: String {
    let reason = code.isEmpty ? Self.words(status: status) : code
    return "\(reason) (HTTP \(status))" + (message.isEmpty ? "" : ": \(message)")
  }

  /// What a status means where the service gives no code.
  private static func words(status: Int) -> String {
    switch status {
    case 401, 403: "not permitted"
    case 404: "not found"
    case 412: "precondition failed"
    case 301, 302, 307, 308: "redirected to another host; redirects are not followed"
    case 429, 503: "too many requests"
    case 500...: "internal error of the service"
    default: "refused"
    }
  }
}
