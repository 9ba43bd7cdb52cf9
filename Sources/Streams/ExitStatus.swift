// Exit statuses: a tool's result for programs.

/// A tool's exit status. One table for all tools, after BSD's `sysexits.h`; a scheduler can retry on `temporary` alone.
package enum ExitStatus: Int32, Sendable {
  /// Done.
  case ok = 0
  /// Invalid flags or arguments.
  case usage = 64
  /// The input is bad; a retry does not help.
  case data = 65
  /// A service refused or is missing.
  case unavailable = 69
  /// This machine's input or output failed.
  case io = 74
  /// Try again later: throttled, unreachable.
  case temporary = 75
  /// Not permitted.
  case noPermission = 77
  /// Configuration: no model, no credentials.
  case configuration = 78
}

/// An error with a message for people and an exit status for programs.
package protocol ReportableError: Error {
  /// The status the tool leaves with when this error ends it.
  var status: ExitStatus { get }
  /// One sentence without the tool's name and without a line end.
  var reason: String { get }
}
