// The endpoint that ECS, Fargate, EKS pod identities and Greengrass give a container.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html

import HTTP
import HTTPFields

struct ContainerCredentials: CredentialsSource {
  private static let name = "container endpoint"

  let environment: SystemEnvironment
  let transport: any Transport

  @Loop func load() async throws(CredentialsError) -> Credentials? {
    let url: String
    if let relative = environment.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
      guard relative.hasPrefix("/") else {
        throw .configuration(
          source: Self.name, reason: "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with a slash")
      }
      url = "http://169.254.170.2" + relative
    } else if let full = environment.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
      guard Self.isAllowed(full) else {
        throw .configuration(
          source: Self.name,
          reason: "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor a loopback or ECS/EKS host")
      }
      url = full
    } else {
      return nil
    }
    var headers = HeaderFields()
    if let token = try token() { headers.append(("Authorization", token)) }
    let request = localRequest("GET", url, headers: headers, timeout: 5_000)
    let response = try await sendWithRetry(request, source: Self.name, transport: transport)
    return try credentials(json: response.body, source: Self.name)
  }

  /// The token file is read for every request, because EKS rotates it. It has precedence over the token in the
  /// environment.
  private func token() throws(CredentialsError) -> String? {
    var token = environment.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN")
    if let path = environment.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
      guard let bytes = environment.readFile(path) else {
        throw .configuration(source: Self.name, reason: "cannot read \(path)")
      }
      token = String(decoding: bytes, as: UTF8.self)
      while token?.last?.isNewline ?? false { token?.removeLast() }
    }
    if let token, token.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
      throw .configuration(source: Self.name, reason: "the authorization token contains a control character")
    }
    return token
  }

  /// Tokens and keys go in the clear over http, so only to this machine or to the hosts that ECS and EKS own.
  static func isAllowed(_ url: String) -> Bool {
    guard let endpoint = Endpoint(url: String(url.prefix { $0 != "?" })) else { return false }
    if endpoint.isSecure { return true }
    let host = endpoint.hostName
    if ["localhost", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"].contains(host) { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    return parts.count == 4 && parts[0] == 127 && parts.allSatisfy { $0 != nil }
  }
}
