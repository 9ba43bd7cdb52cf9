// Values: time, encodings, XML, files, endpoints, errors, retries.

import ASCII
import HTTP
import HTTPFields
import Testing

@testable import AWS

@Test(
  "instants",
  arguments: [
    ("2015-08-30T12:36:00.000Z", 1_440_938_160 as Int64), ("1970-01-01T00:00:00.000Z", 0),
    ("2000-02-29T23:59:59.000Z", 951_868_799),
    ("2100-03-01T00:00:00.000Z", 4_107_542_400), ("1969-12-31T23:59:59.000Z", -1),
  ])
func instants(text: String, seconds: Int64) {
  #expect(Timestamp(iso8601: text) == Timestamp(seconds: seconds))
  #expect(Timestamp(seconds: seconds).iso8601 == text)
}

@Test func otherWritingsOfInstants() {
  #expect(Timestamp(seconds: 1_440_938_160).basic == "20150830T123600Z")
  #expect(Timestamp(http: "Sun, 30 Aug 2015 12:36:00 GMT")?.seconds == 1_440_938_160)
  #expect(
    Timestamp(iso8601: "2015-08-30T14:36:00.5+02:00") == Timestamp(seconds: 1_440_938_160, nanoseconds: 500_000_000))
  #expect(Timestamp(iso8601: "2015-08-30T12:36:00UTC")?.seconds == 1_440_938_160)
}

@Test(
  "malformed timestamps",
  arguments: [
    "", "2015", "2015-13-01T00:00:00Z", "2015-08-30T24:00:00Z", "2015-08-30T12:36:00", "2015-08-30T12:36:00.Z",
    "2015-08-30T12:36:00Zx",
  ])
func noInstant(text: String) {
  #expect(Timestamp(iso8601: text) == nil)
}

@Test func percentEncodings() {
  #expect(percentEncoded("a b+c%/é~".utf8) == "a%20b%2Bc%25%2F%C3%A9~")
  #expect(percentEncoded("a/b c".utf8, keepingSlash: true) == "a/b%20c")
  #expect(percentDecoded("a%20b%2f".utf8) == Array("a b/".utf8))
  #expect(percentDecoded("%2".utf8) == nil)
  #expect(percentDecoded("%zz".utf8) == nil)
  #expect(bytes(hexadecimal: "00fF".utf8) == [0, 255])
  #expect(bytes(hexadecimal: "0".utf8) == nil)
}

private let document = Array(
  "<?xml version=\"1.0\"?><!-- c --><A x='1>' y=\"2\"><B>1 &lt;&#x41;&#66;&amp;<![CDATA[<&]]></B><C/></A>\n".utf8)

@Test func readsXML() throws {
  var reader = XMLReader(document)
  #expect(try reader.next() == .start("A"))
  #expect(try reader.nextChild() == "B")
  #expect(try reader.text() == Array("1 <AB&<&".utf8))
  #expect(try reader.nextChild() == "C")
  #expect(try reader.text() == [])
  #expect(try reader.nextChild() == nil)
  #expect(try reader.next() == .endOfDocument)
}

/// Reads to the end or to an error; returns whether the document is well formed.
private func isWellFormed(_ bytes: [UInt8]) -> Bool {
  var reader = XMLReader(bytes)
  while let event = try? reader.next() {
    if event == .endOfDocument { return true }
  }
  return false
}

@Test("a document cut at any length is refused") func cutXML() {
  // Only the line end after the root may be missing.
  for length in 0..<document.count - 1 { #expect(!isWellFormed(Array(document[..<length]))) }
  #expect(isWellFormed(document))
}

@Test("a flipped bit gives an error or another document, never a trap") func flippedXML() {
  var accepted = 0
  for index in document.indices {
    for bit in 0..<8 {
      var flipped = document
      flipped[index] ^= 1 << UInt8(bit)
      if isWellFormed(flipped) { accepted += 1 }
    }
  }
  #expect(accepted < document.count * 8)
}

@Test(
  "XML that is refused",
  arguments: [
    "", "text", "<A>", "</A>", "<A></B>", "<A/><B/>", "<A>&unknown;</A>", "<A>&#xD800;</A>", "<!DOCTYPE a><A/>",
    "<A b></A>",
    "<A b=c></A>", "<A/>x", "<A>\u{1}</A>", String(repeating: "<A>", count: 33),
  ])
func refusedXML(text: String) {
  #expect(!isWellFormed(Array(text.utf8)))
}

@Test func readsSharedFiles() throws {
  let text = """
    # comment
    [default]
    region = eu-west-1 ; inline
    s3 =
      addressing_style = path
    [profile build]
    role_arn=arn:aws:iam::1:role/x
    source_profile = default
    [sso-session corp]
    sso_region = us-east-1
    """
  let files = try SharedFiles(
    SystemEnvironment(
      variables: ["AWS_CONFIG_FILE": "/c"], now: { Timestamp(seconds: 0) },
      readFile: { $0 == "/c" ? Array(text.utf8) : nil }, run: { _ in (1, []) }))
  #expect(files.profiles["default"]?.values["region"] == "eu-west-1")
  #expect(files.profiles["default"]?.nested["s3"] == ["addressing_style": "path"])
  #expect(files.profiles["build"]?.values["source_profile"] == "default")
  #expect(files.ssoSessions["corp"]?.values["sso_region"] == "us-east-1")
}

@Test("malformed configuration files", arguments: ["key = value", "[a\nb = c", "[a]\nword", "[]"])
func malformedFiles(text: String) {
  #expect(throws: ConfigurationError.self) { try SharedFiles.sections(of: Array(text.utf8), path: "/c") }
}

@Test(
  "endpoints",
  arguments: [
    ("https://s3.example.com/", "https", "s3.example.com", ""),
    ("http://127.0.0.1:9000/base//", "http", "127.0.0.1:9000", "/base"),
    ("https://h:443", "https", "h", ""), ("http://[::1]:80/x", "http", "[::1]", "/x"),
    ("https://h/a%2fb%c3%A4%", "https", "h", "/a%2Fb%C3%A4%"), ("https://h/a%zz%%2f", "https", "h", "/a%zz%%2F"),
  ])
func endpoints(url: String, scheme: String, host: String, path: String) throws {
  let endpoint = try #require(Endpoint(url: url))
  #expect(endpoint == Endpoint(scheme: scheme, host: host, basePath: path))
}

@Test(
  "no endpoints",
  arguments: ["", "s3.example.com", "ftp://h", "https://", "https://u@h/", "https://h/?q", "https://h /"])
func noEndpoints(url: String) {
  #expect(Endpoint(url: url) == nil)
}

@Test(
  "a service's endpoint",
  arguments: [
    ("us-east-1", "", "batch.us-east-1.amazonaws.com"), ("cn-north-1", "", "batch.cn-north-1.amazonaws.com.cn"),
    ("us-gov-west-1", "AWS_USE_FIPS_ENDPOINT", "batch-fips.us-gov-west-1.amazonaws.com"),
    ("eu-west-1", "AWS_USE_DUALSTACK_ENDPOINT", "batch.eu-west-1.api.aws"),
  ])
func serviceEndpoint(region: String, variable: String, host: String) throws {
  let configuration = try Configuration(
    flags: ConfigurationFlags(), environment: .fixed([variable.isEmpty ? "X" : variable: "true"]))
  #expect(try configuration.endpoint("batch", region: region).host == host)
}

@Test("an endpoint for one service goes before the one for all, and both can be ignored") func configuredEndpoints()
  throws
{
  var environment = ["AWS_ENDPOINT_URL": "http://all:1", "AWS_ENDPOINT_URL_S3": "http://s3:2"]
  let configuration = try Configuration(flags: ConfigurationFlags(), environment: .fixed(environment))
  #expect(try configuration.configuredEndpoint("s3")?.host == "s3:2")
  #expect(try configuration.configuredEndpoint("sts")?.host == "all:1")
  environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true"
  let ignoring = try Configuration(flags: ConfigurationFlags(), environment: .fixed(environment))
  #expect(try ignoring.configuredEndpoint("s3") == nil)
}

@Test func serviceFailures() {
  let xml = ServiceFailure(
    Response(status: 503, body: Array("<Error><Code>SlowDown</Code><Message>m</Message></Error>".utf8)))
  #expect(xml == ServiceFailure(status: 503, code: "SlowDown", message: "m"))
  #expect(xml.isThrottling)
  let json = ServiceFailure(
    Response(
      status: 400, headers: HeaderFields([("x-amzn-ErrorType", "ClientException:http://x/")]),
      body: Array(#"{"message":"m"}"#.utf8)))
  #expect(json == ServiceFailure(status: 400, code: "ClientException", message: "m"))
  let typed = ServiceFailure(Response(status: 429, body: Array(#"{"__type":"a.b#TooManyRequestsException"}"#.utf8)))
  #expect(typed.code == "TooManyRequestsException")
}

@Test func retryDelays() {
  #expect(RetryPolicy.delay(attempt: 2, isThrottling: false, random: 1, retryAfter: nil) == 0.1)
  #expect(RetryPolicy.delay(attempt: 5, isThrottling: false, random: 0.5, retryAfter: nil) == 0.4)
  #expect(RetryPolicy.delay(attempt: 60, isThrottling: true, random: 1, retryAfter: nil) == 20)
  #expect(RetryPolicy.delay(attempt: 2, isThrottling: true, random: 0, retryAfter: 3) == 3)
}

@Test func retryBudget() {
  var budget = RetryBudget()
  var taken = 0
  while budget.take(5) { taken += 1 }
  #expect(taken == 100)
  budget.giveBack(5)
  let tookBack = budget.take(5)
  #expect(tookBack)
}

extension SystemEnvironment {
  /// A world of the given variables, without files, programs or passing time.
  static func fixed(_ environment: [String: String], files: [String: String] = [:]) -> SystemEnvironment {
    SystemEnvironment(
      variables: environment, now: { Timestamp(seconds: 1_700_000_000) },
      readFile: { files[$0].map { Array($0.utf8) } },
      run: { _ in (1, []) })
  }
}
