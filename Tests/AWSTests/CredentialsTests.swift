// Each source of credentials against a transport that answers by itself, and the chain over them.

import HTTP
import HTTPFields
import Testing

@testable import AWS

/// Answers requests by a function and keeps what was asked.
private final class Answering: Transport, @unchecked Sendable {
  private let answer: (Request) -> Response
  private(set) var requests: [Request] = []

  init(_ answer: @escaping (Request) -> Response) { self.answer = answer }

  func send(_ request: Request) async throws(HTTPError) -> Response {
    requests.append(request)
    return answer(request)
  }
}

private let keys = #""AccessKeyId":"AK","SecretAccessKey":"SK","Token":"T","Expiration":"2030-01-01T00:00:00Z""#
private let expected = Credentials(
  accessKeyID: "AK", secretAccessKey: "SK", sessionToken: "T", expiration: Timestamp(seconds: 1_893_456_000))

private func load(
  _ environment: [String: String], files: [String: String] = [:], flags: ConfigurationFlags = ConfigurationFlags(),
  answer: @escaping (Request) -> Response = { _ in Response(status: 404) }
) throws -> (Result<Credentials, CredentialsError>, [Request]) {
  let configuration = try Configuration(flags: flags, environment: .fixed(environment, files: files))
  let transport = Answering(answer)
  let result = Loop.run { () -> Result<Credentials, CredentialsError> in
    do throws(CredentialsError) {
      return .success(try await CredentialsProvider(configuration, transport: transport).credentials())
    } catch {
      return .failure(error)
    }
  }
  return (result, transport.requests)
}

/// The loop belongs to one thread at a time.
@Suite(.serialized) struct CredentialsTests {
  @Test func environment() throws {
    let (result, requests) = try load(["AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK"])
    #expect(try result.get() == Credentials(accessKeyID: "AK", secretAccessKey: "SK"))
    #expect(requests.isEmpty)
  }

  @Test func halfAnEnvironmentIsAnError() throws {
    #expect(throws: CredentialsError.self) { try load(["AWS_ACCESS_KEY_ID": "AK"]).0.get() }
  }

  @Test func aKeyWithALineEndIsMalformed() throws {
    #expect(throws: CredentialsError.malformed(source: "environment")) {
      try load(["AWS_ACCESS_KEY_ID": "AK\nx", "AWS_SECRET_ACCESS_KEY": "SK"]).0.get()
    }
  }

  @Test func aProfileNamedByFlagGoesBeforeTheEnvironment() throws {
    let (result, _) = try load(
      ["AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "E", "AWS_SHARED_CREDENTIALS_FILE": "/f"],
      files: ["/f": "[p]\naws_access_key_id=AK\naws_secret_access_key=SK"], flags: ConfigurationFlags(profile: "p"))
    #expect(try result.get().accessKeyID == "AK")
  }

  @Test func container() throws {
    let (result, requests) = try load(
      [
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "old",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/t",
      ], files: ["/t": "new\n"]
    ) { _ in Response(status: 200, body: Array("{\(keys)}".utf8)) }
    #expect(try result.get() == expected)
    #expect(requests.map(\.url) == ["http://169.254.170.2/v2/x"])
    #expect(requests[0].headers.contains { $0 == ("Authorization", "new") })
    guard case .none = requests[0].options.proxy else {
      Issue.record("a proxy would see the credentials")
      return
    }
  }

  @Test(
    "container endpoints",
    arguments: [
      ("http://127.0.0.1:80/x", true), ("http://127.9.9.9/", true), ("http://localhost/", true),
      ("http://[::1]/", true),
      ("http://169.254.170.23/v1", true), ("http://[fd00:ec2::23]/v1", true), ("https://example.com/x?y=1", true),
      ("http://example.com/", false), ("http://169.254.169.254/", false), ("http://127.0.0.1.evil.com/", false),
      ("http://localhost@evil.com/", false), ("ftp://127.0.0.1/", false),
    ])
  func allowedContainerHosts(url: String, isAllowed: Bool) {
    #expect(ContainerCredentials.isAllowed(url) == isAllowed)
  }

  @Test func instanceMetadata() throws {
    let (result, requests) = try load([:]) { request in
      switch request.url {
      case "http://169.254.169.254/latest/api/token": return Response(status: 200, body: Array("TOKEN".utf8))
      case "http://169.254.169.254/latest/meta-data/iam/security-credentials/":
        return Response(status: 200, body: Array("role".utf8))
      default: return Response(status: 200, body: Array("{\(keys)}".utf8))
      }
    }
    #expect(try result.get() == expected)
    #expect(requests.map(\.method) == ["PUT", "GET", "GET"])
    #expect(requests[2].headers.contains { $0 == ("X-aws-ec2-metadata-token", "TOKEN") })
  }

  @Test func noSourceAtAll() throws {
    #expect(throws: CredentialsError.none) { try load(["AWS_EC2_METADATA_DISABLED": "true"]).0.get() }
  }

  private static let stsAnswer = """
    <AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>AK</AccessKeyId><SecretAccessKey>SK</SecretAccessKey>\
    <SessionToken>T</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>
    """

  @Test func webIdentity() throws {
    let (result, requests) = try load(
      ["AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_ROLE_ARN": "arn:r", "AWS_REGION": "eu-west-1"],
      files: ["/t": "a.b.c\n"]
    ) { _ in Response(status: 200, body: Array(Self.stsAnswer.utf8)) }
    #expect(try result.get() == expected)
    #expect(requests.map(\.url) == ["https://sts.eu-west-1.amazonaws.com/"])
    #expect(!requests[0].headers.contains { $0.name == "authorization" })
    guard case .bytes(let body) = requests[0].body else {
      Issue.record("no body")
      return
    }
    #expect(String(decoding: body, as: UTF8.self).contains("WebIdentityToken=a.b.c"))
  }

  @Test func assumeRoleThroughTwoProfiles() throws {
    let config = """
      [profile a]
      role_arn = arn:a
      source_profile = b
      external_id = x/1
      [profile b]
      aws_access_key_id = AKB
      aws_secret_access_key = SKB
      """
    let (result, requests) = try load(["AWS_CONFIG_FILE": "/c", "AWS_PROFILE": "a"], files: ["/c": config]) { _ in
      Response(status: 200, body: Array(Self.stsAnswer.utf8))
    }
    #expect(try result.get() == expected)
    let authorization = try #require(requests[0].headers.first { $0.name == "authorization" })
    #expect(authorization.value.contains("Credential=AKB/20231114/us-east-1/sts/aws4_request"))
  }

  @Test func profilesInACircle() throws {
    let config = "[profile a]\nrole_arn=r\nsource_profile=b\n[profile b]\nrole_arn=r\nsource_profile=a"
    #expect(throws: CredentialsError.self) {
      try load(["AWS_CONFIG_FILE": "/c", "AWS_PROFILE": "a"], files: ["/c": config]).0.get()
    }
  }

  @Test func singleSignOn() throws {
    let config = """
      [profile s]
      sso_session = corp
      sso_account_id = 123
      sso_role_name = dev
      [sso-session corp]
      sso_start_url = https://corp
      sso_region = eu-central-1
      """
    // The file's name is the SHA-1 of "corp".
    let cache = "/h/.aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json"
    let answer =
      #"{"roleCredentials":{"accessKeyId":"AK","secretAccessKey":"SK","sessionToken":"T","expiration":1893456000000}}"#
    let (result, requests) = try load(
      ["AWS_CONFIG_FILE": "/c", "AWS_PROFILE": "s", "HOME": "/h"],
      files: [
        "/c": config,
        cache: #"{"accessToken":"tok","expiresAt":"2030-01-01T00:00:00Z"}"#,
      ]
    ) { _ in Response(status: 200, body: Array(answer.utf8)) }
    #expect(try result.get() == expected)
    #expect(
      requests.map(\.url) == [
        "https://portal.sso.eu-central-1.amazonaws.com/federation/credentials?role_name=dev&account_id=123"
      ])
    #expect(requests[0].headers.contains { $0 == ("x-amz-sso_bearer_token", "tok") })
  }

  @Test func credentialProcess() throws {
    let good = SystemEnvironment(
      variables: [:], now: { Timestamp(seconds: 0) }, readFile: { _ in nil },
      run: { ($0 == "print it" ? 0 : 1, Array(#"{"Version":1,"AccessKeyId":"AK","SecretAccessKey":"SK"}"#.utf8)) })
    #expect(try ProcessCredentials(environment: good, command: "print it").load().accessKeyID == "AK")
    #expect(throws: CredentialsError.self) { try ProcessCredentials(environment: good, command: "other").load() }
  }

  @Test("what a real program prints is read, and its status is") func realProcess() throws {
    let command = #"echo '{"Version":1,"AccessKeyId":"AK","SecretAccessKey":"SK"}'"#
    #expect(try ProcessCredentials(environment: .process, command: command).load().secretAccessKey == "SK")
    #expect(throws: CredentialsError.refused(source: "credential_process", reason: "the program exited with status 3"))
    {
      try ProcessCredentials(environment: .process, command: "exit 3").load()
    }
  }

  @Test func secretsAreNotPrinted() {
    var text = ""
    dump(expected, to: &text)
    text += "\(expected) \(String(reflecting: expected)) \(String(describing: Optional(expected)))"
    #expect(!text.contains("SK") && !text.contains("T\""))
  }
}
