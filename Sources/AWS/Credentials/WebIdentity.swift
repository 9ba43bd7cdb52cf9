// A token of an identity provider (EKS service accounts, GitHub Actions) exchanged for a role's credentials.

import HTTP

struct WebIdentity: CredentialsSource {
  let configuration: Configuration
  let transport: any Transport
  let tokenFile: String?
  let roleARN: String?
  let sessionName: String?

  /// As the environment says: AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME.
  static func environment(_ configuration: Configuration, transport: any Transport) -> WebIdentity {
    let environment = configuration.environment
    return WebIdentity(
      configuration: configuration, transport: transport,
      tokenFile: environment.variable("AWS_WEB_IDENTITY_TOKEN_FILE"), roleARN: environment.variable("AWS_ROLE_ARN"),
      sessionName: environment.variable("AWS_ROLE_SESSION_NAME"))
  }

  @Loop func load() async throws(CredentialsError) -> Credentials? {
    guard let tokenFile else { return nil }
    let source = "web identity"
    guard let roleARN else {
      throw .configuration(source: source, reason: "AWS_WEB_IDENTITY_TOKEN_FILE is set, AWS_ROLE_ARN is not")
    }
    guard let bytes = configuration.environment.readFile(configuration.environment.expand(tokenFile)) else {
      throw .configuration(source: source, reason: "cannot read \(tokenFile)")
    }
    var token = String(decoding: bytes, as: UTF8.self)
    while token.last?.isWhitespace ?? false { token.removeLast() }
    guard !token.isEmpty else { throw .malformed(source: source) }
    let service = SecurityTokenService(configuration: configuration, transport: transport)
    let role = SecurityTokenService.Role(
      arn: roleARN, sessionName: sessionName ?? configuration.environment.defaultSessionName)
    return try await service.assumeRole(role, webIdentityToken: token)
  }
}
