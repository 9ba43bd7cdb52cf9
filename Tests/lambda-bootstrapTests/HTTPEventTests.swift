// Events in their three wrappings, and the decision about each: nothing that arrives may trap.
import HTTPFields
import Testing

@testable import lambda_bootstrap

private let version2 = #"""
  {"version":"2.0","rawPath":"/predict","headers":{"Content-Type":"image/jpeg","x":null},"requestContext":{"stage":"$default",
  "http":{"method":"POST","path":"/predict"}},"body":"AAEC","isBase64Encoded":true}
  """#
private let version1 = #"""
  {"resource":"/{proxy+}","path":"/predict","httpMethod":"POST","headers":{"content-type":"image/jpeg"},"multiValueHeaders":
  {"content-type":["image/jpeg"]},"requestContext":{"stage":"prod","path":"/prod/predict"},"body":"AAEC","isBase64Encoded":true}
  """#
private let loadBalancer = #"""
  {"path":"/predict","httpMethod":"POST","multiValueHeaders":{"content-type":["text/plain","image/jpeg"]},"requestContext":
  {"elb":{}},"body":"AAEC","isBase64Encoded":true}
  """#

private func decide(_ bytes: [UInt8], _ settings: ServiceSettings = ServiceSettings()) -> Decision? {
  guard let document = try? JSONDocument(bytes), let event = HTTPEvent(document) else { return nil }
  return Service(settings: settings).decide(event, in: document)
}

private func status(_ text: String, _ settings: ServiceSettings = ServiceSettings()) -> Int? {
  if case .answer(let answer)? = decide(Array(text.utf8), settings) { answer.status } else { nil }
}

@Suite struct HTTPEvents {
  @Test(arguments: [version2, version1, loadBalancer]) func anImageIsTaken(text: String) throws {
    let document = try JSONDocument(Array(text.utf8))
    let event = try #require(HTTPEvent(document))
    #expect(event.method == "POST" && event.path == "/predict" && event.headers["content-type"] == "image/jpeg")
    #expect(decide(Array(text.utf8)) == .infer([0, 1, 2]))
  }

  @Test(arguments: [version2, version1]) func cutOrFlippedItIsADecisionOrNone(text: String) {
    let bytes = Array(text.utf8)
    for end in 0..<bytes.count - 1 { #expect(decide(Array(bytes[..<end])) == nil) }
    for bit in 0..<bytes.count * 8 {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      _ = decide(flipped)
    }
  }

  @Test(arguments: [
    #"{}"#, "[]", #""x""#, #"{"httpMethod":"GET"}"#, #"{"httpMethod":5,"path":"/"}"#, #"{"rawPath":"/"}"#,
    #"{"requestContext":{"http":{"method":"GET"}}}"#, #"{"requestContext":{"http":[]},"rawPath":"/"}"#,
    #"{"Records":[{"s3":{}}]}"#,
  ])
  func notHTTP(text: String) throws { #expect(HTTPEvent(try JSONDocument(Array(text.utf8))) == nil) }

  @Test(arguments: [
    ("/prod/predict", "prod", "/predict"), ("/prod", "prod", "/"), ("/prod/", "prod", "/"),
    ("/production/x", "prod", "/production/x"),
    ("/predict", "$default", "/predict"), ("/$default/x", "$default", "/$default/x"), ("/x", "prod", "/x"),
  ])
  func stages(path: String, stage: String, expected: String) throws {
    let text = #"{"rawPath":"\#(path)","requestContext":{"stage":"\#(stage)","http":{"method":"GET"}}}"#
    #expect(try #require(HTTPEvent(try JSONDocument(Array(text.utf8)))).path == expected)
  }

  /// REST: a fixed resource or a greedy parameter behind a base path; HTTP API 1.0 with a stage; 2.0 with a route, or a base path that
  /// nothing names.
  @Test(arguments: [
    #"{"resource":"/predict","path":"/base/predict","httpMethod":"POST","requestContext":{"stage":"prod"}"#,
    #"{"resource":"/{proxy+}","path":"/base/predict","pathParameters":{"proxy":"predict"},"httpMethod":"POST","requestContext":{}"#,
    #"{"resource":"/predict","path":"/prod/predict","httpMethod":"POST","version":"1.0","requestContext":{"stage":"prod"}"#,
    #"{"routeKey":"POST /predict","rawPath":"/base/predict","requestContext":{"stage":"prod","http":{"method":"POST"}}"#,
    #"{"routeKey":"$default","rawPath":"/base/predict","requestContext":{"stage":"$default","http":{"method":"POST"}}"#,
  ])
  func basePaths(event: String) {
    #expect(decide(Array((event + #","body":"AAEC","isBase64Encoded":true}"#).utf8)) == .infer([0, 1, 2]))
  }

  @Test func aPathThatClimbsIsNotABasePath() {
    let event = #"{"path":"/../predict","httpMethod":"POST","body":"AAEC","isBase64Encoded":true}"#
    #expect(status(event) == 404)
  }

  @Test func aLoadBalancerGetsTheFormOfHeadersThatItSent() throws {
    let event = try #require(HTTPEvent(try JSONDocument(Array(loadBalancer.utf8))))
    #expect(event.usesMultiValueHeaders)
    let document = try JSONDocument(HTTPAnswer(200, body: "x").json(multiValueHeaders: true))
    #expect(document.root["headers"] == nil && document.root["multiValueHeaders"]?["content-type"] != nil)
    #expect(try #require(HTTPEvent(try JSONDocument(Array(version1.utf8)))).usesMultiValueHeaders == false)
  }

  @Test func headersMayHaveAnyBytes() throws {
    var bytes = Array(#"{"path":"/predict","httpMethod":"POST","headers":{"x":"caf"#.utf8)
    bytes += [0xE9] + Array(#""},"body":"AAEC","isBase64Encoded":true}"#.utf8)
    #expect(throws: JSONDocument.Malformed.self) { try JSONDocument(bytes) }
    let document = try JSONDocument(bytes, acceptsAnyBytes: true)
    #expect(try #require(HTTPEvent(document)).headers["x"] == "caf\u{FFFD}")
  }

  @Test(arguments: [
    (#""body":"AA","isBase64Encoded":true"#, 400), (#""body":"","isBase64Encoded":true"#, 400), (#""body":null"#, 400),
    (#""body":5"#, 400), (#""body":"AAAAAAAA","isBase64Encoded":true"#, 413), (#""isBase64Encoded":"true""#, 400),
  ])
  func bodies(members: String, expected: Int) {
    let text = #"{"path":"/predict","httpMethod":"POST","headers":{"content-type":"image/jpeg"},\#(members)}"#
    #expect(status(text, ServiceSettings(imageLimit: 5)) == expected)
  }
}

@Suite struct Answers {
  @Test(arguments: [
    ("POST /predict", true), ("GET /", true), ("post /x", false), ("POST x", false), ("POST", false), ("", false),
    ("A /b c", false),
  ])
  func routes(text: String, isRoute: Bool) { #expect((Route(text) != nil) == isRoute) }

  @Test func anAnswerIsValidJSONWhateverItHolds() throws {
    let body = "\u{0}\u{1F}\"\\/\u{7F}é😀\u{2028}</script>"
    let answer = HTTPAnswer.error(422, "c", body, headers: [("a", "b\"")])
    let document = try JSONDocument(answer.json)
    let inner = try JSONDocument(Array(try #require(document.string(document.root["body"])).utf8))
    #expect(inner.string(inner.root["error"]?["message"]) == body)
    #expect(document.string(document.root["headers"]?["a"]) == "b\"")
  }

  @Test(arguments: [
    (PipelineFailure.died(.signalled(9), lastLines: "secret"), 503), (.deadline(lastLines: "secret"), 504),
    (.malformed(.notJSON), 503),
    (.answerTooLong(limit: 1), 503), (.notStarted(SpawnError(code: 2, command: "secret")), 503),
    (.warmUpRefused(code: "c", message: "secret"), 503), (.notReady(seconds: 1, lastLines: "secret"), 503),
  ])
  func failures(failure: PipelineFailure, expected: Int) {
    let answer = Service.answer(failure)
    #expect(answer.status == expected && !answer.body.contains("secret"))
    #expect(answer.headers.contains { $0.name == "retry-after" } == (expected == 503))
  }

  @Test func thePageCarriesTheNonceOfItsPolicy() {
    let page = Page(html: "<style nonce=\"{{nonce}}\"></style><script nonce=\"{{nonce}}\"></script>")
    let answer = page.answer(nonce: "n1")
    #expect(answer.body == "<style nonce=\"n1\"></style><script nonce=\"n1\"></script>")
    let policy = answer.headers.first { $0.name == "content-security-policy" }?.value ?? ""
    #expect(policy.hasPrefix("default-src 'none'; ") && policy.contains("script-src 'nonce-n1'"))
    #expect(page.answer().body != page.answer().body)
  }
}
