// IAM Identity Center: the token that `aws sso login` left in ~/.aws/sso/cache, exchanged for a role's credentials.
// https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html

import Crypto
import FoundationEssentials
import HTTP

struct SingleSignOn: CredentialsSource {
  private static let name = "SSO"

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
    let token = try cachedToken(key: session ?? start)
    let endpoint: Endpoint
    do throws(ConfigurationError) {
      endpoint =
        try configuration.configuredEndpoint("sso")
        ?? Endpoint(scheme: "https", host: "portal.sso.\(region).\(Partition(region: region).domain)")
    } catch {
      throw .configuration(source: Self.name, reason: "\(error)")
    }
    let query = "role_name=\(percentEncoded(role.utf8))&account_id=\(percentEncoded(account.utf8))"
    var request = Request(
      "GET", "\(endpoint.scheme)://\(endpoint.host)\(endpoint.basePath)/federation/credentials?\(query)",
      headers: [("x-amz-sso_bearer_token", token)])
    request.options.caBundle = configuration.caBundle
    request.options.totalTimeout = 20_000
    return try Self.credentials(try await ask(request, source: Self.name, transport: transport).body)
  }

  private func cachedToken(key: String) throws(CredentialsError) -> String {
    struct Cached: Decodable {
      let accessToken: String
      let expiresAt: String
    }
    let surroundings = configuration.surroundings
    let hash = hexadecimal(Insecure.SHA1.hash(data: Array(key.utf8)))
    guard let bytes = surroundings.readFile(surroundings.expand("~/.aws/sso/cache/\(hash).json")),
      let cached = try? JSONDecoder().decode(Cached.self, from: Data(bytes)),
      let expiration = Timestamp(iso8601: cached.expiresAt),
      cached.accessToken.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { throw .refused(source: Self.name, reason: "no cached token: run `aws sso login`") }
    guard expiration > surroundings.now() else {
      throw .refused(source: Self.name, reason: "the cached token has expired: run `aws sso login`")
    }
    return cached.accessToken
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
