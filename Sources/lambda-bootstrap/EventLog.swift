// What is logged: one line for each event, and the command's standard error, as text for people or as JSON for metric filters.
import ASCII
import Glibc
import POSIX
import Streams

/// The format of log lines.
enum LogFormat: String, CaseIterable {
  case text, json

  /// The flag's, else `LOG_FORMAT`'s, else what the function's advanced logging controls say (`AWS_LAMBDA_LOG_FORMAT`).
  init(_ flag: LogFormat?, environment: [String: String]) {
    let stated = environment["LOG_FORMAT"] ?? environment["AWS_LAMBDA_LOG_FORMAT"] ?? ""
    self = flag ?? LogFormat(rawValue: stated.lowercased()) ?? .text
  }
}

/// The facts that are logged about an answered event.
struct EventSummary: Equatable {
  let requestID: String
  let traceID: String?
  /// `POST /predict`, or nil for an event that is not an HTTP request.
  var route: String?
  /// The HTTP status, for an HTTP request.
  var status: Int?
  var errorType: String?
  /// Images that were sent to the pipeline.
  var images = 0
  /// The code of the image's error record, if it has one.
  var failureCode: String?
  /// Milliseconds until the image was decoded, and until its prediction; nil where the pipeline does not report them.
  var decodeMilliseconds: Double?
  var inferenceMilliseconds: Double?
  var durationMilliseconds: Int64 = 0
  /// Whether this is the first event of the process.
  var isColdStart = false
}

/// Writes the log to standard error, which Lambda sends to CloudWatch.
struct EventLog {
  let format: LogFormat
  private let sink: ([UInt8]) -> Void
  /// Milliseconds since 1970.
  private let now: () -> Int64

  init(
    format: LogFormat, now: @escaping () -> Int64 = { Clock.wall.milliseconds },
    sink: @escaping ([UInt8]) -> Void = writeToStandardError
  ) {
    self.format = format
    self.now = now
    self.sink = sink
  }

  /// A line of the program itself.
  func message(_ text: String, requestID: String? = nil, level: String = "error") {
    switch format {
    case .text: report(tool: "lambda-bootstrap", object: requestID, reason: text)
    case .json: sink(line(level, requestID) { $0.member("message", text) })
    }
  }

  /// Whole lines that the command wrote on standard error during an event.
  func relay(_ lines: [[UInt8]], requestID: String) {
    switch format {
    case .text: sink(lines.flatMap { Array("\(requestID): ".utf8) + $0 + [UInt8(ascii: "\n")] })
    case .json:
      for text in lines {
        sink(line("warn", requestID) { $0.member("message", String(decoding: text, as: UTF8.self)) })
      }
    }
  }

  /// Answers an event and logs it: how long that took, and the type of the error that `work` throws.
  func recording(
    _ event: Invocation, isColdStart: Bool,
    _ work: (inout EventSummary) throws(InvocationError) -> [UInt8]
  ) throws(InvocationError) -> [UInt8] {
    let start = Clock.monotonic.milliseconds
    var summary = EventSummary(requestID: event.requestID, traceID: event.traceID, isColdStart: isColdStart)
    defer {
      summary.durationMilliseconds = Clock.monotonic.milliseconds - start
      self.event(summary)
    }
    do throws(InvocationError) {
      return try work(&summary)
    } catch {
      summary.errorType = error.type
      throw error
    }
  }

  /// The line of an event that was answered; in text only failures are lines, written where they happen.
  func event(_ summary: EventSummary) {
    guard format == .json else { return }
    let failed = summary.errorType != nil || (summary.status ?? 200) >= 500
    sink(
      line(failed ? "error" : "info", summary.requestID) { json in
        json.member("event", "invocation")
        json.member("traceId", ifPresent: summary.traceID)
        json.member("route", ifPresent: summary.route)
        if let status = summary.status { json.member("status", status) }
        json.member("errorType", ifPresent: summary.errorType)
        json.member("images", summary.images)
        json.object("failed") { json in
          if let code = summary.failureCode { json.member(code, 1) }
        }
        if let decode = summary.decodeMilliseconds { json.member("decodeMs", decode, decimals: 2) }
        if let inference = summary.inferenceMilliseconds { json.member("inferenceMs", inference, decimals: 2) }
        json.member("durationMs", Int(summary.durationMilliseconds))
        json.member("coldStart", summary.isColdStart)
      })
  }

  private func line(_ level: String, _ requestID: String?, _ members: (inout JSONText) -> Void) -> [UInt8] {
    JSONText.line { json in
      json.member("time", timestamp(now()))
      json.member("level", level)
      json.member("requestId", ifPresent: requestID)
      members(&json)
    }
  }
}

/// `2026-11-25T21:20:05.123Z`, from milliseconds since 1970.
func timestamp(_ milliseconds: Int64) -> String {
  var seconds = time_t(milliseconds / 1000)
  var parts = unsafe tm()
  unsafe gmtime_r(&seconds, &parts)
  func digits(_ value: some BinaryInteger, _ count: Int) -> String {
    zeroPadded(String(value), to: count)
  }
  let date = unsafe [digits(parts.tm_year + 1900, 4), digits(parts.tm_mon + 1, 2), digits(parts.tm_mday, 2)]
  let time = unsafe [digits(parts.tm_hour, 2), digits(parts.tm_min, 2), digits(parts.tm_sec, 2)]
  return date.joined(separator: "-") + "T" + time.joined(separator: ":") + "."
    + digits(milliseconds % 1000, 3) + "Z"
}
