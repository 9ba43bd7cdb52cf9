// Why a call has no result, what a caller can do about it, and the user-facing message.

package import HTTP

/// Why a call has no result.
package enum ServiceError: Error, Equatable, Sendable {
  case refused(ServiceFailure)
  case transport(HTTPError)
  case credentials(CredentialsError)
  case configuration(ConfigurationError)
  /// The response violates the service's protocol; the string says how.
  case malformedResponse(String)
  /// The received bytes do not match the service's checksum.
  case corrupted
}

extension ServiceError {
  /// What a caller can do about it.
  package enum Kind: Sendable {
    /// Throttled, unreachable, interrupted: a retry may succeed.
    case temporary
    /// Access denied, or credentials refused or expired.
    case notPermitted
    /// The resource does not exist (404).
    case missing
    /// It is not, or no longer, in the state that the call requires.
    case precondition
    /// Any other refusal, TLS failures, invalid URLs, unexpected or corrupted responses: a retry does not help.
    case unavailable
    /// No credentials, no region, malformed files.
    case configuration
    /// A file of this machine could not be read or written.
    case local
  }

  package var kind: Kind {
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
    case .malformedResponse, .corrupted: return .unavailable
    }
  }

  /// One sentence without a line end.
  package var sentence: String {
    switch self {
    case .refused(let failure): failure.sentence
    case .transport(let error): error.sentence
    case .credentials(let error): error.sentence
    case .configuration(let error): error.sentence
    case .malformedResponse(let reason): "unexpected response: \(reason)"
    case .corrupted: "the received bytes do not match the object's checksum"
    }
  }
}
