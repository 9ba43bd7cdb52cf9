// Configuration as people write it: profiles, partitions, checksum settings.

import Testing

@testable import AWS

private func configuration(_ variables: [String: String], config: String = "") throws -> Configuration {
  try Configuration(
    flags: ConfigurationFlags(),
    environment: .fixed(variables.merging(["AWS_CONFIG_FILE": "/c"]) { $1 }, files: ["/c": config]))
}

@Test(
  "profile names in quotes",
  arguments: ["[profile \"my name\"]", "[profile 'my name']", "[profile my name]", "[profile\t\"my name\" ]"])
func quotedProfiles(heading: String) throws {
  let found = try configuration(["AWS_PROFILE": "my name"], config: "\(heading)\nregion = eu-west-3\n")
  #expect(found.region == "eu-west-3")
}

@Test func profilesOfTheEnvironment() throws {
  let config = "[profile a]\nregion = eu-west-1\n[profile b]\nregion = eu-west-2\n"
  #expect(try configuration(["AWS_DEFAULT_PROFILE": "a"], config: config).region == "eu-west-1")
  #expect(try configuration(["AWS_DEFAULT_PROFILE": "a", "AWS_PROFILE": "b"], config: config).region == "eu-west-2")
}

@Test(
  "partitions",
  arguments: [
    ("eusc-de-east-1", "amazonaws.eu"), ("us-isof-south-1", "csp.hci.ic.gov"), ("eu-isoe-west-1", "cloud.adc-e.uk"),
    ("us-iso-east-1", "c2s.ic.gov"), ("us-isob-east-1", "sc2s.sgov.gov"), ("cn-north-1", "amazonaws.com.cn"),
    ("us-gov-west-1", "amazonaws.com"), ("eu-west-1", "amazonaws.com"), ("us-east-1", "amazonaws.com"),
  ])
func partitions(region: String, domain: String) { #expect(Partition(region: region).domain == domain) }

@Test func checksumSettings() throws {
  let usual = try configuration([:])
  #expect(usual.sendsChecksums && usual.verifiesResponses)
  let variables = [
    "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required", "AWS_RESPONSE_CHECKSUM_VALIDATION": "WHEN_REQUIRED",
  ]
  let off = try configuration(variables)
  #expect(!off.sendsChecksums && !off.verifiesResponses)
  let keys = "[default]\nrequest_checksum_calculation = when_required\nresponse_checksum_validation = when_required\n"
  let fromFile = try configuration([:], config: keys)
  #expect(!fromFile.sendsChecksums && !fromFile.verifiesResponses)
  #expect(throws: ConfigurationError.self) { try configuration(["AWS_REQUEST_CHECKSUM_CALCULATION": "never"]) }
}

@Test func anEmptySessionTokenIsNone() throws {
  let credentials = Credentials(accessKeyID: "AK", secretAccessKey: "SK", sessionToken: "")
  #expect(credentials.sessionToken == nil)
}

@Test(
  "what a role's session is called by default",
  arguments: [("s3sync", "s3sync"), ("my tool!", "mytool"), ("x", "aws-session"), ("", "aws-session")])
func sessionNames(program: String, expected: String) {
  var environment = SystemEnvironment.fixed([:])
  environment.programName = program
  #expect(environment.defaultSessionName == expected)
}

@Test func thisProcessHasAHome() {
  #expect(SystemEnvironment.process.variable("HOME") != nil)
}
