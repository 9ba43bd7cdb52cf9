// Keys to sign with, and what can go wrong in getting them.

import HTTP

/// An access key. Descriptions and reflections leave the secrets out.
package struct Credentials: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
  let accessKeyID: String
  let secretAccessKey: String
  let sessionToken: String?
  /// When the keys stop working, where they do.
  let expiration: Timestamp?

  package init(
    accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil, expiration: Timestamp? = nil
  ) {
    self.accessKeyID = accessKeyID
    self.secretAccessKey = secretAccessKey
    // Scripts export an empty token for long-term keys: it counts as absent.
    self.sessionToken = sessionToken.flatMap { $0.isEmpty ? nil : $0 }
    self.expiration = expiration
  }

  package var description: String { "Credentials(\(accessKeyID))" }

  package var customMirror: Mirror { Mirror(self, children: ["accessKeyID": accessKeyID]) }

  /// Keys go into headers: a line end in one would begin another header.
  var isWellFormed: Bool {
    !accessKeyID.isEmpty && !secretAccessKey.isEmpty
      && [accessKeyID, secretAccessKey, sessionToken ?? ""].allSatisfy {
        $0.utf8.allSatisfy { (0x21...0x7E).contains($0) }
      }
  }
}

/// Why there are no credentials.
package enum CredentialsError: Error, Equatable, Sendable {
  /// No source is configured.
  case none
  /// A source is configured wrongly: what is missing or contradicts.
  case configuration(source: String, reason: String)
  /// A source returned something that is not credentials.
  case malformed(source: String)
  /// A source refused.
  case refused(source: String, reason: String)
  /// A source could not be reached or is busy.
  case unreachable(source: String, reason: String)
}

extension CredentialsError {
  /// One sentence without a line end.
  var sentence: String {
    switch self {
    case .none: "no credentials in the environment, a web identity, a profile, a container or an EC2 instance"
    case .configuration(let source, let reason): "credentials: \(source): \(reason)"
    case .malformed(let source): "credentials: unexpected response of \(source)"
    case .refused(let source, let reason): "credentials: \(source) refused: \(reason)"
    case .unreachable(let source, let reason): "credentials: \(source) cannot be reached: \(reason)"
    }
  }
}

/// One place that credentials may come from.
protocol CredentialsSource: Sendable {
  /// The credentials, or nil where this source is not configured and the next one is asked.
  @Loop func load() async throws(CredentialsError) -> Credentials?
}
