// The settings of one run: flags first, then the environment, then the profile.

import ASCII

/// What flags say; nil where they say nothing.
package struct ConfigurationFlags: Sendable {
  var profile: String?
  var region: String?
  var endpointURL: String?

  package init(profile: String? = nil, region: String? = nil, endpointURL: String? = nil) {
    self.profile = profile
    self.region = region
    self.endpointURL = endpointURL
  }
}

/// How an S3 bucket is named in a URL.
package enum AddressingStyle: String, Sendable {
  /// Virtual where the bucket's name allows it and no endpoint is configured, else path.
  case auto
  case virtual
  case path
}

/// Everything that environment, files and flags say about reaching AWS, credentials apart.
package struct Configuration: Sendable {
  let environment: SystemEnvironment
  let files: SharedFiles
  let profileName: String
  /// The profile was named by a flag, so it goes before the environment's own credentials.
  let profileIsExplicit: Bool
  package let region: String?
  package let addressingStyle: AddressingStyle
  package let usesDualStack: Bool
  package let usesFIPS: Bool
  /// A file with the certificates to trust instead of the system's.
  let caBundle: String?
  let retries: RetrySettings
  /// Uploads carry checksums that the service compares with the bytes; off for stores that refuse such headers.
  package let sendsChecksums: Bool
  /// Downloads are compared with the checksums that the service stores.
  package let verifiesResponses: Bool
  let flags: ConfigurationFlags

  /// Throws where a file is malformed or the profile asked for is not there.
  package init(flags: ConfigurationFlags, environment: SystemEnvironment) throws(ConfigurationError) {
    files = try SharedFiles(environment)
    self.flags = flags
    self.environment = environment
    let named = flags.profile ?? environment.variable("AWS_PROFILE") ?? environment.variable("AWS_DEFAULT_PROFILE")
    profileName = named ?? "default"
    profileIsExplicit = flags.profile != nil
    if let named, files.profiles[named] == nil { throw .unknownProfile(named) }
    let profile = files.profiles[profileName] ?? Section()
    func setting(_ variable: String, _ key: String) -> String? {
      environment.variable(variable) ?? profile.values[key].flatMap { $0.isEmpty ? nil : $0 }
    }
    region =
      flags.region ?? environment.variable("AWS_REGION") ?? setting("AWS_DEFAULT_REGION", "region")
    let s3 = profile.nested["s3"] ?? [:]
    addressingStyle = s3["addressing_style"].flatMap(AddressingStyle.init) ?? .auto
    usesDualStack =
      setting("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")?.asciiLowercased == "true"
      || s3["use_dualstack_endpoint"]?.asciiLowercased == "true"
    usesFIPS = setting("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")?.asciiLowercased == "true"
    caBundle = setting("AWS_CA_BUNDLE", "ca_bundle").map(environment.expand)
    retries = try RetrySettings(
      attempts: setting("AWS_MAX_ATTEMPTS", "max_attempts"), mode: setting("AWS_RETRY_MODE", "retry_mode"))
    sendsChecksums = try isWhenSupported(
      "AWS_REQUEST_CHECKSUM_CALCULATION", setting("AWS_REQUEST_CHECKSUM_CALCULATION", "request_checksum_calculation"))
    verifiesResponses = try isWhenSupported(
      "AWS_RESPONSE_CHECKSUM_VALIDATION", setting("AWS_RESPONSE_CHECKSUM_VALIDATION", "response_checksum_validation"))
  }

  /// The profile's section; empty where no file has it.
  var profile: Section { files.profiles[profileName] ?? Section() }

  /// An endpoint that flags, environment or profile give for a service: `s3`, `sts`, `batch`.
  package func configuredEndpoint(_ service: String) throws(ConfigurationError) -> Endpoint? {
    let ignored =
      environment.isSet("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
      || profile.values["ignore_configured_endpoint_urls"]?.asciiLowercased == "true"
    let variable = "AWS_ENDPOINT_URL_" + service.uppercased()
    let services = profile.values["services"].flatMap { files.services[$0] }
    let configured =
      ignored
      ? nil
      : environment.variable(variable) ?? environment.variable("AWS_ENDPOINT_URL")
        ?? services?.nested[service]?["endpoint_url"] ?? profile.values["endpoint_url"]
    guard let url = flags.endpointURL ?? configured else { return nil }
    guard let endpoint = Endpoint(url: url) else { throw .malformedEndpoint(url) }
    return endpoint
  }
}

/// Reads a choice between `when_supported`, the default, and `when_required`.
/// https://docs.aws.amazon.com/sdkref/latest/guide/feature-dataintegrity.html
private func isWhenSupported(_ name: String, _ value: String?) throws(ConfigurationError) -> Bool {
  switch value?.asciiLowercased {
  case nil, "when_supported": return true
  case "when_required": return false
  case let value?: throw .invalidSetting(name: name, value: value, expected: "when_supported or when_required")
  }
}
