// Waiting, without a network and without a clock.

import FoundationEssentials
import Testing

@testable import batchsubmit

private func job(_ id: String, _ status: JobStatus, _ children: [JobStatus: Int] = [:]) -> JobDetail {
  JobDetail(id: id, status: status, statusReason: "because", children: children)
}

private func watch(_ ids: [String] = ["a", "b"], limit: Double? = nil, warning: Double = 600) -> Watch {
  Watch(ids: ids, limit: limit, runnableWarning: warning, now: 0)
}

@Suite struct WatchTests {
  @Test func endsWhenAllHaveSucceeded() {
    var watch = watch()
    #expect(watch.update([job("a", .succeeded), job("b", .running)], now: 1) == [.ask(after: 1)])
    #expect(watch.open == ["b"])
    #expect(watch.update([job("b", .succeeded)], now: 2) == [.end(.succeeded)])
  }

  @Test func oneFailureIsToldAtOnceAndFailsTheWhole() {
    var watch = watch()
    #expect(
      watch.update([job("a", .failed), job("b", .running)], now: 1) == [.explainFailure(id: "a"), .ask(after: 1)])
    #expect(watch.update([job("b", .succeeded)], now: 2) == [.end(.failed(jobs: 1))])
  }

  @Test func endsAtTheLimit() {
    var watch = watch(limit: 10)
    #expect(watch.update([job("a", .running), job("b", .runnable)], now: 9.5) == [.ask(after: 0.5)])
    #expect(watch.update([job("a", .succeeded), job("b", .runnable)], now: 10) == [.end(.timedOut(jobs: 1))])
  }

  @Test func asksEverMoreSeldomWhileNothingMoves() {
    var watch = watch(["a"])
    var delays: [Double] = []
    for now in 0..<20 {
      if case .ask(let delay)? = watch.update([job("a", .running, [.running: 2])], now: Double(now)).last {
        delays.append(delay)
      }
    }
    #expect(delays.first == 1 && delays.last == 30 && delays == delays.sorted())
    #expect(watch.update([job("a", .running, [.running: 1, .succeeded: 1])], now: 21) == [.ask(after: 1)])
  }

  @Test func aJobStuckInRunnableIsExplainedOnce() {
    var watch = watch(["a"], warning: 60)
    let stuck = job("a", .pending, [.runnable: 3, .succeeded: 1])
    #expect(watch.update([stuck], now: 0).count == 1)
    #expect(watch.update([job("a", .pending, [.runnable: 3, .running: 1])], now: 59).count == 1)
    #expect(watch.update([stuck], now: 70).count == 1)
    #expect(watch.update([stuck], now: 130).first == .explainRunnable(id: "a", seconds: 60, reason: "because"))
    #expect(watch.update([stuck], now: 200).count == 1)
  }

  @Test func aJobThatBatchDoesNotKnowFailsAfterAWhile() {
    var watch = watch(["a"])
    #expect(watch.update([], now: 1) == [.ask(after: 1.5)])
    #expect(watch.update([], now: 60) == [.end(.failed(jobs: 1))])
  }

  @Test func readsWhatBatchSays() throws {
    let json = #"""
      {"jobId":"a","jobName":"n","status":"PENDING","statusReason":"r","container":{"exitCode":65,"reason":"OutOfMemory",
       "logStreamName":"s","logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/g"}}},
       "arrayProperties":{"size":3,"statusSummary":{"RUNNABLE":1,"FAILED":2,"SUCCEEDED":0}}}
      """#
    let detail = try JSONDecoder().decode(JobDetail.self, from: Data(json.utf8))
    #expect(detail.children == [.runnable: 1, .failed: 2])
    #expect(detail.exitCode == 65 && detail.logGroup == "/g" && detail.logStream == "s")
    #expect(
      String(decoding: detail.line, as: UTF8.self)
        == #"{"jobId":"a","jobName":"n","status":"PENDING","statusReason":"r","children":{"submitted":0,"pending":0,"#
        + #""runnable":1,"starting":0,"running":0,"succeeded":0,"failed":2}}"# + "\n")
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(JobDetail.self, from: Data(#"{"jobId":"a","status":"ODD"}"#.utf8))
    }
  }

  @Test func lambdaIsToldWhichMessagesAreToComeAgain() throws {
    var event = try Event(json: Array(#"{"Records":[]}"#.utf8))
    event.messageIDs = ["m0", "m1", "m2", "m3"]
    event.malformed = [(3, .notAnEvent)]
    let missed = [1, 0, 1].map { InputObject(record: .init(bucket: "b", key: .init("k")), message: $0) }
    #expect(LambdaResponse(event, missed: missed).failures == ["m0", "m1", "m3"])
    #expect(
      String(decoding: LambdaResponse(event, missed: missed.prefix(1)).line, as: UTF8.self)
        == #"{"batchItemFailures":[{"itemIdentifier":"m1"},{"itemIdentifier":"m3"}]}"# + "\n")
    #expect(
      String(decoding: LambdaResponse(nil, missed: missed).line, as: UTF8.self) == #"{"batchItemFailures":[]}"# + "\n")
  }
}
