// IAM Identity Center: the token that `aws sso login` left, renewed where it can be, exchanged for a role's credentials.
// https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html

import FoundationEssentials
import HTTP
import HTTPFields
import POSIX

struct SingleSignOn: CredentialsSource {
  private static let name = "SSO"
  /// Seconds before its end from which on a token is renewed.
  private static let margin: Int64 = 300

  let configuration: Configuration
  let transport: any Transport
  let section: Section

  @Loop func load() async throws(CredentialsError) -> Credentials? {
    guard let account = section.values["sso_account_id"], let role = section.values["sso_role_name"] else { return nil }
    // A session in a section of its own is cached under its name, an older one under its URL.
    let session = section.values["sso_session"]
    let settings: [String: String]
    if let session {
      guard let found = configuration.files.ssoSessions[session] else {
        throw .configuration(source: Self.name, reason: "there is no section [sso-session \(session)]")
      }
      settings = found.values
    } else {
      settings = section.values
    }
    guard let start = settings["sso_start_url"], let region = settings["sso_region"], isRegion(region) else {
      throw .configuration(source: Self.name, reason: "sso_start_url and sso_region are needed")
    }
    let token = try await token(key: session ?? start, region: region)
    let endpoint = try endpoint("sso", host: "portal.sso", region: region)
    let query = "role_name=\(percentEncoded(role.utf8))&account_id=\(percentEncoded(account.utf8))"
    var request = Request(
      "GET", "\(endpoint.scheme)://\(endpoint.host)\(endpoint.basePath)/federation/credentials?\(query)",
      headers: [("x-amz-sso_bearer_token", token)])
    request.options.caBundle = configuration.caBundle
    request.options.totalTimeout = 20_000
    return try Self.credentials(try await sendWithRetry(request, source: Self.name, transport: transport).body)
  }

  /// The cached token, renewed a little before it expires. Where renewing fails, one that is still good is used.
  @Loop private func token(key: String, region: String) async throws(CredentialsError) -> String {
    let environment = configuration.environment
    let path = environment.expand("~/.aws/sso/cache/\(SingleSignOnToken.fileName(key: key))")
    guard let cached = environment.readFile(path).flatMap(SingleSignOnToken.init(json:)) else {
      throw .refused(source: Self.name, reason: "no cached token: run `aws sso login`")
    }
    let now = environment.now()
    if now.advanced(by: Self.margin) < cached.expiration { return cached.accessToken }
    do throws(CredentialsError) {
      guard let body = cached.renewal(now: now) else {
        throw .refused(source: Self.name, reason: "the cached token has expired: run `aws sso login`")
      }
      let answer = try await createToken(body, region: region)
      guard let renewed = cached.renewed(by: answer, now: now) else { throw .malformed(source: Self.name) }
      // A token that cannot be kept still serves this run.
      if let json = renewed.json { _ = environment.writeFile(path, json) }
      return renewed.accessToken
    } catch {
      if now < cached.expiration { return cached.accessToken }
      guard case .refused = error else { throw error }
      throw .refused(source: Self.name, reason: "the cached token has expired and is not renewed: run `aws sso login`")
    }
  }

  @Loop private func createToken(_ body: [UInt8], region: String) async throws(CredentialsError) -> [UInt8] {
    let endpoint = try endpoint("sso_oidc", host: "oidc", region: region)
    var request = Request(
      "POST", "\(endpoint.scheme)://\(endpoint.host)\(endpoint.basePath)/token",
      headers: [("content-type", "application/json")], body: .bytes(body))
    request.options.caBundle = configuration.caBundle
    request.options.totalTimeout = 20_000
    return try await sendWithRetry(request, source: Self.name, transport: transport).body
  }

  private func endpoint(_ service: String, host: String, region: String) throws(CredentialsError) -> Endpoint {
    let configured = try mapError {
      CredentialsError.configuration(source: Self.name, reason: $0.sentence)
    } of: {
      () throws(ConfigurationError) in
      try configuration.configuredEndpoint(service)
    }
    return configured ?? Endpoint(scheme: "https", host: "\(host).\(region).\(Partition(region: region).domain)")
  }

  static func credentials(_ json: [UInt8]) throws(CredentialsError) -> Credentials {
    struct Answer: Decodable {
      struct Keys: Decodable {
        let accessKeyId: String
        let secretAccessKey: String
        let sessionToken: String
        let expiration: Int64
      }
      let roleCredentials: Keys
    }
    guard let keys = (try? JSONDecoder().decode(Answer.self, from: Data(json)))?.roleCredentials else {
      throw .malformed(source: name)
    }
    let result = Credentials(
      accessKeyID: keys.accessKeyId, secretAccessKey: keys.secretAccessKey, sessionToken: keys.sessionToken,
      expiration: Timestamp(seconds: keys.expiration / 1000))
    guard result.isWellFormed else { throw .malformed(source: name) }
    return result
  }
}
