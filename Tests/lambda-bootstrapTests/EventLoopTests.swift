// The loop over the Runtime API, driven by a transport that answers from a script.
import HTTPFields
import POSIX
import Testing

@testable import lambda_bootstrap

private final class Script: Transport {
  typealias Answer = Result<RuntimeReply, LinkError>
  var nexts: [Answer]
  var posts: [Answer]
  private(set) var sent: [(path: String, body: String, headers: HeaderFields)] = []

  init(nexts: [Answer], posts: [Answer] = []) {
    self.nexts = nexts.reversed()
    self.posts = posts.reversed()
  }

  func send(_ call: RuntimeCall) throws(LinkError) -> RuntimeReply {
    #expect(call.path.hasPrefix("/2018-06-01/runtime/"))
    let path = String(call.path.dropFirst("/2018-06-01/runtime".count))
    if path == "/invocation/next" {
      guard let next = nexts.popLast() else { throw .connect(errno: 111) }
      return try next.get()
    }
    #expect(call.method == "POST" && call.patience != nil)
    sent.append((path, String(decoding: call.body, as: UTF8.self), HeaderFields(call.headers)))
    return try (posts.popLast() ?? .success(RuntimeReply(status: 202))).get()
  }
}

private struct Echo: Handler {
  var notReady: InvocationError?
  func answer(_ event: Invocation) throws(InvocationError) -> [UInt8] {
    if event.body.isEmpty { throw InvocationError(type: "Function.BadInput", message: "empty") }
    return event.body
  }
  func prepare() throws(InvocationError) { if let notReady { throw notReady } }
}

private func event(_ id: String, _ body: String) -> Script.Answer {
  .success(
    RuntimeReply(status: 200, headers: HeaderFields([("lambda-runtime-aws-request-id", id)]), body: Array(body.utf8)))
}

private func run(_ script: Script, _ handler: Echo = Echo()) -> (end: LoopEnd, log: [String], pauses: [Int]) {
  var log: [String] = []
  var pauses: [Int] = []
  let loop = EventLoop(
    api: RuntimeAPI(link: script), handler: handler, log: { log.append($0) },
    pause: { pauses.append($0) })
  return (loop.run(), log, pauses)
}

@Suite struct Loop {
  @Test func eventsAreAnsweredInTurn() {
    let script = Script(nexts: [event("a", "1"), event("b", ""), event("c", "3")])
    #expect(run(script).end == .noEvents(failures: 15))
    #expect(script.sent.map(\.path) == ["/invocation/a/response", "/invocation/b/error", "/invocation/c/response"])
    #expect(script.sent[1].body == #"{"errorType":"Function.BadInput","errorMessage":"empty","stackTrace":[]}"#)
    #expect(script.sent[1].headers["Lambda-Runtime-Function-Error-Type"] == "Function.BadInput")
  }

  @Test(arguments: [400, 403, 413, 500]) func aRefusedPostIsNotFollowedByAnError(status: Int) {
    let script = Script(nexts: [event("a", "1"), event("b", "2")], posts: [.success(RuntimeReply(status: status))])
    let log = run(script).log
    #expect(script.sent.map(\.path) == ["/invocation/a/response", "/invocation/b/response"])
    #expect(log.contains("a: response refused by the Runtime API with status \(status)"))
  }

  @Test func aLostPostIsTriedThreeTimes() {
    let lost = Script.Answer.failure(.closed(received: 0))
    let script = Script(nexts: [event("a", "1"), event("b", "2")], posts: [lost, lost, lost])
    _ = run(script)
    #expect(
      script.sent.map(\.path) == Array(repeating: "/invocation/a/response", count: 3) + ["/invocation/b/response"])
  }

  @Test func failuresInARowEndItAndOthersDoNot() {
    let failure = Script.Answer.failure(.closed(received: 0))
    let script = Script(
      nexts: Array(repeating: failure, count: 14) + [event("a", "1")] + Array(repeating: failure, count: 14) + [
        event("b", "2")
      ])
    let result = run(script)
    #expect(script.sent.count == 2)
    #expect(result.pauses.allSatisfy { (1...1000).contains($0) })
    #expect(result.pauses.prefix(14).reduce(0, +) > 5000)
  }

  @Test func aHandlerThatCannotGoOnEndsIt() {
    let error = InvocationError(type: "T", message: "m")
    let script = Script(nexts: [event("a", "1"), event("b", "2")])
    #expect(run(script, Echo(notReady: error)).end == .notReady(error))
    #expect(script.sent.count == 1)
  }

  @Test(arguments: ["", "../x", "a b", "a/b", "é", String(repeating: "a", count: 257)]) func idsThatAreNoIds(id: String)
  {
    let script = Script(nexts: [event(id, "1"), event("b", "2")])
    _ = run(script)
    #expect(script.sent.map(\.path) == ["/invocation/b/response"])
  }
}

@Suite struct Invocations {
  @Test(
    arguments: [
      (nil, nil), ("10000", 5000 + 9000 - 100), ("1500", 5000 + 500 - 50), ("1000", 5000), ("500", 5000),
      ("9223372036854775807", 5000 + 2_147_483_547),
      ("x", nil), ("-5", nil), ("", nil),
    ] as [(String?, Int64?)])
  func workEndsALittleEarly(header: String?, expected: Int64?) throws {
    let headers = [("Lambda-Runtime-Aws-Request-Id", "a")] + (header.map { [("Lambda-Runtime-Deadline-Ms", $0)] } ?? [])
    let event = try Invocation(headers: HeaderFields(headers.map { (name: $0.0, value: $0.1) }), body: [])
    #expect(event.workDeadline(wall: 1000, monotonic: 5000) == expected)
  }

  @Test(arguments: [
    (ExitReason(waitStatus: 0), "Function.Exit0"), (ExitReason(waitStatus: 75 << 8), "Function.Retry"),
    (ExitReason(waitStatus: 65 << 8), "Function.BadInput"),
    (ExitReason(waitStatus: 1 << 8), "Function.Exit1"), (ExitReason(waitStatus: 9), "Function.Signal9"),
    (ExitReason(waitStatus: 11 | 0x80), "Function.Signal11"),
  ])
  func endsBecomeTypes(reason: ExitReason, type: String) {
    #expect(InvocationError(reason, command: "c", lastLines: "").type == type)
  }
}
