// A failed system call, with what it was doing to what.

import Glibc
package import POSIX

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

  package init(_ error: Errno, operation: String, object: String) {
    self.init(code: error.code, operation: operation, object: object)
  }

  package var status: ExitStatus { code == EACCES || code == EPERM ? .noPermission : .io }

  package var reason: String { "cannot \(operation) \(object): \(Errno(code))" }
}

/// Runs `body` on a thread of its own, which ends with it.
package func startThread(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
  try mapError {
    SystemError($0, operation: "start", object: "a thread")
  } of: { () throws(Errno) in
    try detachThread(body)
  }
}

extension Descriptor {
  /// Opens a file; the error names it.
  package static func open(file path: String, _ flags: CInt) throws(SystemError) -> Descriptor {
    try mapError {
      SystemError($0, operation: "open", object: path)
    } of: { () throws(Errno) in
      try Descriptor(opening: path, flags)
    }
  }
}
