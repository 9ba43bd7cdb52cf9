// A failed system call, with what it was doing to what.

package import Glibc

/// A system call that failed.
package struct SystemError: ReportableError, Equatable {
  /// The value of `errno` after the call.
  package let code: CInt
  /// What was being done: "read", "open".
  let operation: String
  /// To what: a path, "standard input".
  package let object: String

  package init(code: CInt = errno, operation: String, object: String) {
    self.code = code
    self.operation = operation
    self.object = object
  }

  package var status: ExitStatus { code == EACCES || code == EPERM ? .noPermission : .io }

  package var reason: String { "cannot \(operation) \(object): \(Self.describe(code))" }

  /// The C library's words for an error number.
  package static func describe(_ code: CInt) -> String {
    guard let text = unsafe strerror(code) else { return "error \(code)" }
    return unsafe String(cString: text)
  }
}
