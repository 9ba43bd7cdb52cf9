// A profile of the shared files: keys, a role to assume, SSO, or a credential_process.

import HTTP

struct ProfileCredentials: CredentialsSource {
  let configuration: Configuration
  let transport: any Transport
  let profileName: String
  /// The profiles that led here, to detect a cycle.
  var path: [String] = []

  @Loop func load() async throws(CredentialsError) -> Credentials? {
    guard let section = configuration.files.profiles[profileName] else {
      if path.isEmpty { return nil }
      throw .configuration(source: source, reason: "the profile does not exist")
    }
    // A role's own source may be the profile itself: then its keys are meant.
    if let role = section.values["role_arn"], path.last != profileName { return try await assume(role, section) }
    if section.values["sso_account_id"] != nil {
      return try await SingleSignOn(configuration: configuration, transport: transport, section: section).load()
    }
    if let identifier = section.values["aws_access_key_id"] {
      guard let secret = section.values["aws_secret_access_key"] else {
        throw .configuration(source: source, reason: "aws_access_key_id without aws_secret_access_key")
      }
      let result = Credentials(
        accessKeyID: identifier, secretAccessKey: secret, sessionToken: section.values["aws_session_token"])
      guard result.isWellFormed else { throw .malformed(source: source) }
      return result
    }
    if let command = section.values["credential_process"] {
      return try ProcessCredentials(environment: configuration.environment, command: command).load()
    }
    return nil
  }

  private var source: String { "profile \(profileName)" }

  @Loop private func assume(_ roleARN: String, _ section: Section) async throws(CredentialsError) -> Credentials? {
    let values = section.values
    if values["mfa_serial"] != nil {
      throw .configuration(source: source, reason: "the role requires MFA (mfa_serial), which is not supported")
    }
    let sessionName = values["role_session_name"] ?? configuration.environment.defaultSessionName
    if let tokenFile = values["web_identity_token_file"] {
      return try await WebIdentity(
        configuration: configuration, transport: transport, tokenFile: tokenFile, roleARN: roleARN,
        sessionName: sessionName
      ).load()
    }
    guard let credentials = try await sourceCredentials(values) else {
      throw .configuration(source: source, reason: "the role's source has no credentials")
    }
    let service = SecurityTokenService(configuration: configuration, transport: transport)
    let role = SecurityTokenService.Role(
      arn: roleARN, sessionName: sessionName, externalID: values["external_id"],
      durationSeconds: values["duration_seconds"].flatMap { Int($0) })
    return try await service.assumeRole(role, with: credentials)
  }

  /// The credentials that assume the role.
  @Loop private func sourceCredentials(_ values: [String: String]) async throws(CredentialsError) -> Credentials? {
    switch (values["source_profile"], values["credential_source"]) {
    case (let name?, nil):
      guard !path.contains(name) else {
        throw .configuration(source: source, reason: "the source_profile settings form a cycle")
      }
      let next = ProfileCredentials(
        configuration: configuration, transport: transport, profileName: name, path: path + [profileName])
      return try await next.load()
    case (nil, "Environment"?): return try EnvironmentCredentials(environment: configuration.environment).load()
    case (nil, "EcsContainer"?):
      return try await ContainerCredentials(environment: configuration.environment, transport: transport).load()
    case (nil, "Ec2InstanceMetadata"?):
      return try await InstanceMetadata(configuration: configuration, transport: transport).load()
    default:
      throw .configuration(source: source, reason: "a role needs one of source_profile and credential_source")
    }
  }
}
