// The client against a local server that behaves well and badly.
import Glibc
import HTTPFields
import Synchronization
import Testing

@testable import HTTP

private func perform(_ request: Request) -> Result<Response, HTTPError> { perform([request])[0] }

/// Sends the requests one after the other, over one connection where the server keeps it.
private func perform(_ requests: [Request]) -> [Result<Response, HTTPError>] {
  Loop.run(connections: 1) {
    var results: [Result<Response, HTTPError>] = []
    for request in requests {
      do throws(HTTPError) {
        results.append(.success(try await Loop.send(request)))
      } catch {
        results.append(.failure(error))
      }
    }
    return results
  }
}

private func failure(_ request: Request) -> HTTPError? {
  if case .failure(let error) = perform(request) { error } else { nil }
}

private func echo(_ request: Request) throws -> String {
  String(decoding: try perform(request).get().body, as: UTF8.self)
}

@Suite struct Sending {
  let origin = LocalServer.plain.origin

  @Test func sendsExactlyWhatIsGiven() throws {
    let path = "/a/../b//%20%2F?x=1&a"
    let text = try echo(Request("GET", origin + path, headers: [("X-B", "2"), ("x-a", ""), ("X-B", "3")]))
    let host = origin.dropFirst("http://".count)
    #expect(text == "GET \(path) HTTP/1.1\r\nHost: \(host)\r\nX-B: 2\r\nx-a:\r\nX-B: 3\r\n\r\n")
  }

  @Test(arguments: ["PUT", "POST", "PATCH"]) func sendsBytes(method: String) throws {
    let text = try echo(Request(method, origin + "/echo", body: .bytes(Array("hello".utf8))))
    #expect(text.hasPrefix("\(method) /echo HTTP/1.1\r\n"))
    #expect(text.hasSuffix("Content-Length: 5\r\n\r\nhello"))
    #expect(!text.contains("Content-Type") && !text.contains("Expect"))
  }

  @Test(arguments: [("PUT", true), ("POST", true), ("GET", false), ("DELETE", false)])
  func emptyBodies(method: String, hasLength: Bool) throws {
    let text = try echo(Request(method, origin + "/echo"))
    #expect(text.hasPrefix(method + " "))
    #expect(text.contains("Content-Length: 0\r\n") == hasLength)
  }

  @Test func keepsAContentTypeThatIsGiven() throws {
    let text = try echo(
      Request("POST", origin + "/echo", headers: [("content-type", "a/b")], body: .bytes([0x78])))
    #expect(text.contains("content-type: a/b\r\n") && !text.contains("urlencoded"))
  }

  @Test func sendsAPartOfAFile() throws {
    let bytes = pattern(3 << 20)
    let descriptor = temporaryFile(bytes)
    defer { close(descriptor) }
    let request = Request(
      "PUT", origin + "/echo", body: .file(descriptor: descriptor, offset: 1000, length: 2 << 20))
    let answer = try perform(request).get().body
    #expect(answer.suffix(2 << 20) == bytes[1000..<(1000 + 2 << 20)])
  }

  @Test func aFileThatIsTooShortIsNamed() {
    let descriptor = temporaryFile(pattern(100))
    defer { close(descriptor) }
    let request = Request("PUT", origin + "/echo", body: .file(descriptor: descriptor, offset: 0, length: 200))
    #expect(failure(request) == .source(errno: ENODATA))
  }

  @Test(arguments: [true, false]) func sendsAgainOverADeadConnection(file: Bool) throws {
    let bytes = pattern(100_000)
    let descriptor = temporaryFile(bytes)
    defer { close(descriptor) }
    let body =
      file ? Request.Body.file(descriptor: descriptor, offset: 0, length: Int64(bytes.count)) : .bytes(bytes)
    for result in perform(Array(repeating: Request("PUT", origin + "/once", body: body), count: 3)) {
      #expect(try result.get().body.suffix(bytes.count) == bytes[...])
    }
  }

  @Test(arguments: [("a b", "1"), ("", "1"), ("a:", "1"), ("a", "1\r\nb: 2"), ("a", "1\n"), ("a", "\0")])
  func refusesHeadersThatBreakFraming(name: String, value: String) {
    #expect(failure(Request("GET", origin + "/echo", headers: [(name, value)])) == .badHeader(name: name))
  }

  @Test(arguments: [
    "", "http://", "ftp://127.0.0.1/", "file:///etc/passwd", "http://127.0.0.1/a b", "http://h/\r\nx: y",
  ])
  func refusesURLs(url: String) { #expect(failure(Request("GET", url)) == .badURL(url)) }
}

@Suite struct Receiving {
  let origin = LocalServer.plain.origin

  @Test(arguments: [0, 1, 16_384, 1_000_003]) func intoMemory(count: Int) throws {
    let response = try perform(Request("GET", origin + "/bytes/\(count)")).get()
    #expect(response.body == pattern(count))
    #expect(response.bytesReceived == Int64(count))
  }

  @Test func memoryIsBounded() {
    #expect(failure(Request("GET", origin + "/bytes/1001", sink: .memory(limit: 1000))) == .tooLarge(limit: 1000))
    #expect(failure(Request("GET", origin + "/chunked", sink: .memory(limit: 4))) == .tooLarge(limit: 4))
  }

  @Test func intoAClosureInOrder() throws {
    let taken = Mutex<[UInt8]>([])
    let sink = Request.Sink.chunks(take: { bytes in
      taken.withLock { taken in bytes.withUnsafeBytes { taken.append(contentsOf: $0) } }
      return true
    })
    let response = try perform(Request("GET", origin + "/bytes/500000", sink: sink)).get()
    #expect(response.body.isEmpty && response.bytesReceived == 500_000)
    #expect(taken.withLock { $0 } == pattern(500_000))
  }

  @Test func aClosureMayEndIt() {
    let sink = Request.Sink.chunks(take: { $0.byteCount == 0 })
    #expect(failure(Request("GET", origin + "/bytes/100", sink: sink)) == .stopped)
  }

  @Test func theHeadersComeBeforeTheFirstByteAndMayBeRefused() throws {
    let taken = Mutex<Int>(0)
    let sink = Request.Sink.chunks { status, headers in
      status == 206 || headers["x-none"] != nil
    } take: { bytes in
      taken.withLock { $0 += bytes.byteCount }
      return true
    }
    #expect(failure(Request("GET", origin + "/bytes/100", sink: sink)) == .stopped)
    #expect(taken.withLock { $0 } == 0)
  }

  @Test func anObserverOfAFileMayEndIt() {
    let descriptor = temporaryFile(pattern(1 << 20))
    defer { close(descriptor) }
    let body = Request.Body.file(descriptor: descriptor, offset: 0, length: 1 << 20) { $0 < 1 << 20 }
    #expect(failure(Request("PUT", origin + "/echo", body: body)) == .source(errno: ESTALE))
  }

  @Test(arguments: [300, 304, 403, 404, 500, 503]) func everyStatusIsAResponse(status: Int) throws {
    let sink = Request.Sink.chunks(take: { _ in
      Issue.record("an explanation is not the sink's")
      return false
    })
    let response = try perform(Request(status == 304 ? "HEAD" : "GET", origin + "/status/\(status)", sink: sink)).get()
    #expect(response.status == status)
  }

  @Test func anExplanationIsCutAt64KiB() throws {
    #expect(try perform(Request("GET", origin + "/status/403", sink: .memory(limit: 0))).get().body.count == 9)
    let response = try perform(Request("GET", origin + "/explain/200000")).get()
    #expect(response.status == 500)
    #expect(response.body == pattern(64 << 10))
  }

  @Test func headersAreKeptInOrderWithoutThoseOfA100() throws {
    let headers = try perform(Request("GET", origin + "/continue")).get().headers
    #expect(headers["X-TWO"] == "a" && headers.all("x-two") == ["a", "b"])
    #expect(headers["x-empty"] == "" && headers["x-early"] == nil)
  }

  @Test func headersAreBounded() {
    #expect(failure(Request("GET", origin + "/long-header/6")) == .tooLarge(limit: 256 << 10))
  }

  @Test func redirectsAreNotFollowed() throws {
    let response = try perform(Request("GET", origin + "/redirect")).get()
    #expect(response.status == 302 && response.headers["Location"] == "/bytes/5")
  }
}

@Suite struct Failing {
  let origin = LocalServer.plain.origin

  @Test func aBodyThatEndsEarly() {
    #expect(failure(Request("GET", origin + "/cut/1000")) == .truncated(expected: 1000, received: 500))
  }

  @Test func aConnectionThatBreaks() {
    guard case .reset = failure(Request("GET", origin + "/reset")) else {
      Issue.record("no reset")
      return
    }
  }

  @Test func aPortWithoutAListener() {
    guard case .connect("127.0.0.1:1", _) = failure(Request("GET", "http://127.0.0.1:1/")) else {
      Issue.record("no connect")
      return
    }
  }

  @Test func aNameWithoutAnAddress() {
    #expect(failure(Request("GET", "http://nowhere.invalid/x")) == .resolve(host: "nowhere.invalid"))
  }

  @Test func tooLate() {
    var request = Request("GET", origin + "/slow/5")
    request.options.totalTimeout = 100
    guard case .timeout(let seconds) = failure(request) else {
      Issue.record("no timeout")
      return
    }
    #expect(seconds > 0.05 && seconds < 2)
  }
}

@Suite struct Secured {
  @Test func aTrustedCertificate() throws {
    var request = Request("GET", LocalServer.tls.origin + "/bytes/70000")
    request.options.caBundle = LocalServer.tls.certificate
    for result in perform(Array(repeating: request, count: 3)) { #expect(try result.get().body == pattern(70_000)) }
  }

  @Test func anUnknownCertificate() {
    guard case .tls = failure(Request("GET", LocalServer.tls.origin + "/bytes/1")) else {
      Issue.record("not refused")
      return
    }
  }

  @Test func aMissingBundle() {
    var request = Request("GET", LocalServer.tls.origin + "/bytes/1")
    request.options.caBundle = "/nonexistent.pem"
    guard case .tls = failure(request) else {
      Issue.record("not refused")
      return
    }
  }
}

@Suite struct Many {
  let origin = LocalServer.plain.origin

  @Test func runAtOnceAndEachGetsItsOwnAnswer() throws {
    let client = try Client(maxConnections: 8)
    var right = 0
    for i in 0..<500 {
      client.submit(Request("GET", origin + "/bytes/\(i)")) {
        if case .success(let response) = $0, response.body == pattern(i) { right += 1 }
      }
    }
    #expect(client.inFlight == 500)
    while client.inFlight > 0 { try client.poll(timeoutMilliseconds: 1000) }
    #expect(right == 500)
  }

  @Test func slowOnesDoNotHoldUpOthers() throws {
    let client = try Client(maxConnections: 8)
    var order: [String] = []
    for path in ["/slow/0.4", "/slow/0.2", "/bytes/1"] {
      client.submit(Request("GET", origin + path)) { _ in order.append(path) }
    }
    while client.inFlight > 0 { try client.poll(timeoutMilliseconds: 1000) }
    #expect(order == ["/bytes/1", "/slow/0.2", "/slow/0.4"])
  }

  @Test func aCompletionMaySubmit() throws {
    let client = try Client(maxConnections: 1)
    var statuses: [Int] = []
    client.submit(Request("GET", "not a url")) { _ in
      client.submit(Request("GET", origin + "/status/418")) { statuses.append((try? $0.get().status) ?? 0) }
    }
    #expect(statuses.isEmpty)
    while client.inFlight > 0 { try client.poll(timeoutMilliseconds: 1000) }
    #expect(statuses == [418])
  }

  @Test func eachCanBeCancelled() throws {
    let client = try Client(maxConnections: 2)
    var cancelled = 0
    let ids = (0..<4).map { _ in
      client.submit(Request("GET", origin + "/slow/30")) {
        if case .failure(.cancelled) = $0 { cancelled += 1 }
      }
    }
    try client.poll(timeoutMilliseconds: 50)
    for id in ids + ids { client.cancel(id) }
    #expect(cancelled == 4 && client.inFlight == 0)
    var body: [UInt8]?
    client.submit(Request("GET", origin + "/bytes/2")) { body = try? $0.get().body }
    while client.inFlight > 0 { try client.poll(timeoutMilliseconds: 1000) }
    #expect(body == pattern(2))
  }

  @Test func aWatchedDescriptorEndsTheWait() throws {
    let client = try Client(maxConnections: 1)
    var ends: [Int32] = [0, 0]
    unsafe pipe(&ends)
    defer { for end in ends { close(end) } }
    unsafe _ = write(ends[1], "x", 1)
    client.submit(Request("GET", origin + "/slow/30")) { _ in }
    let ready = try client.poll(
      timeoutMilliseconds: -1, alsoWatching: [(ends[1], 0), (ends[0], Int16(POLLIN))])
    #expect(ready == [0, Int16(POLLIN)])
  }
}
