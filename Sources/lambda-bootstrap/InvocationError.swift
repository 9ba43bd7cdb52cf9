// The error of an event or of initialization, in the form that Lambda shows and counts.
import Glibc
import POSIX
import Streams

/// An error for `/error` and `/init/error`.
struct InvocationError: Error, Equatable {
  /// `Category.Reason`, as Lambda requires.
  let type: String
  let message: String
  var stackTrace: [String] = []

  /// Goes into the header `Lambda-Runtime-Function-Error-Type` as well.
  var body: [UInt8] {
    JSONText.object { json in
      json.member("errorType", type)
      json.member("errorMessage", message)
      json.array("stackTrace", stackTrace) { $0.string($1) }
    }
  }

  /// The command ended with a status other than 0.
  ///
  /// - Parameter lastLines: of its standard error; they are the message.
  init(_ reason: ExitReason, command: String, lastLines: String) {
    let how: String
    switch reason {
    case .exited(let status):
      type = "Function." + (ExitStatus(rawValue: status).map(Self.word) ?? "Exit\(status)")
      how = "\(command) exited with status \(status)"
    case .signalled(let signal):
      type = "Function.Signal\(signal)"
      how = "\(command) was ended by signal \(signal) (\(unsafe String(cString: strsignal(signal))))"
    }
    message = lastLines.isEmpty ? how : lastLines
    stackTrace = [how]
  }

  init(type: String, message: String, stackTrace: [String] = []) {
    self.type = type
    self.message = message
    self.stackTrace = stackTrace
  }

  static func timeout(lastLines: String) -> InvocationError {
    let how = "the event's deadline passed; its processes were killed"
    return InvocationError(
      type: "Function.Timeout", message: lastLines.isEmpty ? how : how + "\n" + lastLines, stackTrace: [how])
  }

  static func responseTooLarge(limit: Int) -> InvocationError {
    InvocationError(
      type: "Function.ResponseSizeTooLarge", message: "the response is longer than \(limit) bytes, Lambda's limit")
  }

  init(_ error: SpawnError) {
    self.init(type: "Runtime.InvalidEntrypoint", message: "\(error.command): \(Errno(error.code))")
  }

  /// The reasons a caller may act on: `Retry` alone is worth another try.
  private static func word(_ status: ExitStatus) -> String {
    switch status {
    case .ok: "Exit0"
    case .usage: "Usage"
    case .data: "BadInput"
    case .unavailable: "Unavailable"
    case .io: "InputOutput"
    case .temporary: "Retry"
    case .noPermission: "NotPermitted"
    case .configuration: "Configuration"
    }
  }
}
