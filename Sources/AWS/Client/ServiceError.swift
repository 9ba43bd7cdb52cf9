// What went wrong with a call, and what that means for those who wait for it.

import FoundationEssentials
public import HTTP

/// A service's refusal.
public struct ServiceFailure: Error, Equatable, Sendable {
  /// The HTTP status.
  public let status: Int
  /// The service's word: `NoSuchKey`, `SlowDown`; empty where the answer had none (as to HEAD).
  public let code: String
  /// The service's sentence.
  public let message: String
  /// Where the bucket is, when that is the reason.
  public let region: String?

  public init(status: Int, code: String, message: String = "", region: String? = nil) {
    self.status = status
    self.code = code
    self.message = message
    self.region = region
  }

  /// Reads an answer that is no success: S3's and STS's XML, or JSON with the code in a header or in `__type`.
  public init(_ response: Response) {
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

  /// Too much was asked at once.
  public var isThrottling: Bool {
    status == 429 || status == 503
      || [
        "SlowDown", "Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException",
        "RequestLimitExceeded", "RequestThrottled", "RequestThrottledException", "BandwidthLimitExceeded",
        "ProvisionedThroughputExceededException", "LimitExceededException",
      ].contains(code)
  }

  /// The same call may well succeed a little later.
  public var isTransient: Bool {
    isThrottling || [408, 500, 502, 504, 509].contains(status)
      || [
        "RequestTimeout", "InternalError", "InternalFailure", "ServiceUnavailable", "PriorRequestNotComplete",
        "OperationAborted", "ConditionalRequestConflict", "RequestTimeTooSkewed",
      ].contains(code)
  }

  /// The credentials that signed the call work no more.
  public var isExpiry: Bool {
    ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"].contains(code)
  }

  /// The call was signed with a clock that is not the service's.
  var isSkew: Bool {
    ["RequestTimeTooSkewed", "RequestInTheFuture", "InvalidSignatureException", "SignatureDoesNotMatch"].contains(code)
  }
}

/// Why a call has no answer.
public enum ServiceError: Error, Equatable, Sendable {
  case refused(ServiceFailure)
  case transport(HTTPError)
  case credentials(CredentialsError)
  case configuration(ConfigurationError)
  /// The answer cannot be what the service means: what is wrong with it.
  case malformedAnswer(String)
}

extension ServiceError {
  /// What a caller can do about it.
  public enum Kind: Sendable {
    /// Throttled, unreachable, interrupted: later it may work.
    case temporary
    /// Signed, and not allowed.
    case notPermitted
    /// There is no such thing.
    case missing
    /// It is not, or no longer, in the state that the call asked for.
    case precondition
    /// Any other refusal, and answers that make no sense.
    case unavailable
    /// No credentials, no region, malformed files.
    case configuration
    /// A file of this machine could not be read or written.
    case local
  }

  public var kind: Kind {
    switch self {
    case .refused(let failure):
      if failure.isTransient { return .temporary }
      if failure.isExpiry { return .notPermitted }
      switch failure.status {
      case 401, 403: return .notPermitted
      case 404: return .missing
      case 412, 304: return .precondition
      default: return .unavailable
      }
    case .transport(let error):
      switch error {
      case .resolve, .connect, .timeout, .reset, .truncated, .cancelled, .other: return .temporary
      case .tls, .tooLarge, .badURL, .badHeader: return .unavailable
      case .stopped, .source: return .local
      }
    case .credentials(let error):
      switch error {
      case .none, .configuration, .malformed: return .configuration
      case .refused: return .notPermitted
      case .unreachable: return .temporary
      }
    case .configuration: return .configuration
    case .malformedAnswer: return .unavailable
    }
  }
}
