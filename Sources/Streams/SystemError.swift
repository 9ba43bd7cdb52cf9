// A failed system call, with what it was doing to what.

public import Glibc

/// A system call that failed.
public struct SystemError: ReportableError, Equatable {
  /// The value of `errno` after the call.
  public let code: CInt
  /// What was being done: "read", "open".
  public let operation: String
  /// To what: a path, "standard input".
  public let object: String

  public init(code: CInt = errno, operation: String, object: String) {
    self.code = code
    self.operation = operation
    self.object = object
  }

  public var status: ExitStatus { code == EACCES || code == EPERM ? .noPermission : .io }

  public var reason: String { "cannot \(operation) \(object): \(Self.describe(code))" }

  /// The C library's words for an error number.
  public static func describe(_ code: CInt) -> String {
    guard let text = unsafe strerror(code) else { return "error \(code)" }
    return unsafe String(cString: text)
  }
}
