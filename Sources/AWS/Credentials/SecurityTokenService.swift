// AWS STS: temporary credentials of a role. https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html

import HTTP
import HTTPFields
import POSIX

/// The two calls of the security token service that give a role's credentials.
struct SecurityTokenService: Sendable {
  private static let name = "STS"

  let configuration: Configuration
  let transport: any Transport

  /// `AssumeRole`, signed with the credentials given.
  @Loop func assumeRole(_ role: Role, with credentials: Credentials) async throws(CredentialsError) -> Credentials {
    var parameters = role.parameters
    parameters.append(("Action", "AssumeRole"))
    if let externalID = role.externalID { parameters.append(("ExternalId", externalID)) }
    return try await call(parameters, credentials: credentials)
  }

  /// `AssumeRoleWithWebIdentity`: the token is the proof, nothing is signed.
  @Loop func assumeRole(_ role: Role, webIdentityToken: String) async throws(CredentialsError) -> Credentials {
    var parameters = role.parameters
    parameters += [("Action", "AssumeRoleWithWebIdentity"), ("WebIdentityToken", webIdentityToken)]
    return try await call(parameters, credentials: nil)
  }

  /// What is asked for.
  struct Role: Sendable {
    let arn: String
    let sessionName: String
    var externalID: String?
    var durationSeconds: Int?

    fileprivate var parameters: Query {
      var result: Query = [("Version", "2011-06-15"), ("RoleArn", arn), ("RoleSessionName", sessionName)]
      if let durationSeconds { result.append(("DurationSeconds", String(durationSeconds))) }
      return result
    }
  }

  @Loop private func call(
    _ parameters: Query, credentials: Credentials?
  ) async throws(CredentialsError) -> Credentials {
    let region = configuration.region ?? "us-east-1"
    let endpoint = try mapError {
      CredentialsError.configuration(source: Self.name, reason: $0.sentence)
    } of: {
      () throws(ConfigurationError) in
      try configuration.endpoint("sts", region: region)
    }
    let form = parameters.map { percentEncoded($0.name.utf8) + "=" + percentEncoded($0.value.utf8) }.joined(
      separator: "&")
    var call = ServiceRequest(
      endpoint: endpoint, service: "sts", region: region, method: "POST", path: endpoint.basePath + "/")
    call.headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")]
    call.setBody(Array(form.utf8))
    var request = call.signedRequest(credentials, now: configuration.environment.now())
    request.options.caBundle = configuration.caBundle
    request.options.totalTimeout = 20_000
    let response = try await sendWithRetry(request, source: Self.name, transport: transport)
    return try mapError { _ in
      CredentialsError.malformed(source: Self.name)
    } of: { () throws(XMLError) in
      try Self.credentials(xml: response.body)
    }
  }

  /// Finds `<Credentials>` in an answer.
  static func credentials(xml bytes: [UInt8]) throws(XMLError) -> Credentials {
    var reader = XMLReader(bytes)
    var fields = [String: String]()
    while fields.isEmpty {
      switch try reader.next() {
      case .start("Credentials"): fields = try reader.texts()
      case .endOfDocument: throw .truncated
      default: break
      }
    }
    guard let identifier = fields["AccessKeyId"], let secret = fields["SecretAccessKey"],
      let token = fields["SessionToken"], let expiration = fields["Expiration"].flatMap(Timestamp.init(iso8601:))
    else { throw .truncated }
    let result = Credentials(
      accessKeyID: identifier, secretAccessKey: secret, sessionToken: token, expiration: expiration)
    guard result.isWellFormed else { throw .malformed(offset: 0) }
    return result
  }
}
