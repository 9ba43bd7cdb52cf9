// The log's lines.
import Testing

@testable import lambda_bootstrap

@Suite struct EventLogs {
  private func lines(_ format: LogFormat, _ body: (EventLog) -> Void) throws -> [JSONDocument] {
    var out: [UInt8] = []
    body(EventLog(format: format, now: { 1_764_105_605_007 }, sink: { out += $0 }))
    return try out.split(separator: 10).map { try JSONDocument(Array($0)) }
  }

  @Test func anEventIsOneLineOfJSON() throws {
    var summary = EventSummary(requestID: "id", traceID: "Root=1", isColdStart: true)
    summary.route = "POST /predict"
    summary.status = 422
    summary.images = 1
    summary.failureCode = "corrupt"
    summary.inferenceMilliseconds = 12.345
    let lines = try lines(.json) { $0.event(summary) }
    let line = try #require(lines.first)
    #expect(lines.count == 1)
    func text(_ name: String) -> String? { line.string(line.root[name]) }
    #expect(text("time") == "2025-11-25T21:20:05.007Z" && text("level") == "info" && text("event") == "invocation")
    #expect(text("requestId") == "id" && text("traceId") == "Root=1" && text("route") == "POST /predict")
    #expect(line.root["failed"]?["corrupt"] != nil && line.root["inferenceMs"] != nil && line.root["decodeMs"] == nil)
    let isColdStart = if case .boolean(true)? = line.root["coldStart"] { true } else { false }
    #expect(isColdStart)
  }

  @Test(
    arguments: [(200, nil, "info"), (503, nil, "error"), (nil, "Function.Timeout", "error")]
      as [(Int?, String?, String)])
  func levels(status: Int?, errorType: String?, level: String) throws {
    var summary = EventSummary(requestID: "id", traceID: nil)
    (summary.status, summary.errorType) = (status, errorType)
    let line = try #require(try lines(.json) { $0.event(summary) }.first)
    #expect(line.string(line.root["level"]) == level)
  }

  @Test func textHasNoLineForAnEventAndJSONEscapesWhatTheCommandWrote() throws {
    #expect(try lines(.text) { $0.event(EventSummary(requestID: "id", traceID: nil)) }.isEmpty)
    let relayed = try lines(.json) { $0.relay([Array("a \"b\"\u{1}".utf8), [0xFF]], requestID: "id") }
    #expect(relayed.count == 2 && relayed[0].string(relayed[0].root["message"]) == "a \"b\"\u{1}")
  }

  @Test(
    arguments: [
      (nil, [:], LogFormat.text), (nil, ["LOG_FORMAT": "json"], .json), (nil, ["AWS_LAMBDA_LOG_FORMAT": "JSON"], .json),
      (.text, ["LOG_FORMAT": "json"], .text), (nil, ["LOG_FORMAT": "x"], .text),
    ] as [(LogFormat?, [String: String], LogFormat)])
  func formats(flag: LogFormat?, environment: [String: String], format: LogFormat) {
    #expect(LogFormat(flag, environment: environment) == format)
  }

  @Test(
    arguments: [(0, "1970-01-01T00:00:00.000Z"), (951_782_400_999, "2000-02-29T00:00:00.999Z")] as [(Int64, String)])
  func timestamps(milliseconds: Int64, text: String) { #expect(timestamp(milliseconds) == text) }
}
