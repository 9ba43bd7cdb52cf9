// The role of an EC2 instance, through the instance metadata service, version 2 (session tokens) only.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html

import ASCII
import HTTP
import HTTPFields

struct InstanceMetadata: CredentialsSource {
  private static let name = "instance metadata"

  let configuration: Configuration
  let transport: any Transport

  @Loop func load() async throws(CredentialsError) -> Credentials? {
    let environment = configuration.environment
    if environment.isSet("AWS_EC2_METADATA_DISABLED") { return nil }
    let mode =
      environment.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")
      ?? configuration.profile.values["ec2_metadata_service_endpoint_mode"]
    var base =
      environment.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT")
      ?? configuration.profile.values["ec2_metadata_service_endpoint"]
      ?? (mode?.asciiLowercased == "ipv6" ? "http://[fd00:ec2::254]" : "http://169.254.169.254")
    while base.hasSuffix("/") { base.removeLast() }
    let timeout = environment.variable("AWS_METADATA_SERVICE_TIMEOUT").flatMap { Double($0) } ?? 1
    let milliseconds = Int(min(max(timeout, 0.1), 60) * 1000)
    let attempts = environment.variable("AWS_METADATA_SERVICE_NUM_ATTEMPTS").flatMap { Int($0) } ?? 1

    // Not on EC2 (no response at this address): this source is not configured.
    let tokenRequest = localRequest(
      "PUT", base + "/latest/api/token", headers: [("X-aws-ec2-metadata-token-ttl-seconds", "21600")],
      timeout: milliseconds)
    let token: String
    do throws(CredentialsError) {
      let answer = try await sendWithRetry(
        tokenRequest, source: Self.name, attempts: min(max(attempts, 1), 10), transport: transport)
      token = String(decoding: answer.body, as: UTF8.self)
    } catch {
      guard case .unreachable = error else { throw error }
      return nil
    }
    guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw .malformed(source: Self.name)
    }
    let headers: HeaderFields = [("X-aws-ec2-metadata-token", token)]
    let path = base + "/latest/meta-data/iam/security-credentials/"
    let roles: Response
    do throws(CredentialsError) {
      roles = try await sendWithRetry(
        localRequest("GET", path, headers: headers, timeout: milliseconds), source: Self.name, transport: transport)
    } catch {
      // An instance without a role says 404.
      guard case .refused = error else { throw error }
      return nil
    }
    let role = String(decoding: roles.body.prefix { $0 > 0x20 }, as: UTF8.self)
    guard !role.isEmpty else { return nil }
    let answer = try await sendWithRetry(
      localRequest("GET", path + percentEncoded(role.utf8), headers: headers, timeout: milliseconds), source: Self.name,
      transport: transport)
    return try credentials(json: answer.body, source: Self.name)
  }
}
