// The error number of a failed system call as a typed error.

import Glibc

/// A value of `errno`. It says why a call failed, not what the call was for: the caller adds that.
package struct Errno: Error, Hashable, Sendable, CustomStringConvertible {
  package let code: CInt

  /// - Parameter code: by default the calling thread's current `errno`.
  package init(_ code: CInt = errno) { self.code = code }

  /// The C library's words for it: `No such file or directory`.
  package var description: String {
    guard let text = unsafe strerror(code) else { return "error \(code)" }
    return unsafe String(cString: text)
  }
}

/// Repeats a call for as long as signals interrupt it.
///
/// - Parameter call: a system call that gives −1 and sets `errno` when it fails.
/// - Throws: its error, which is never `EINTR`.
@discardableResult
package func retryingInterrupts<Result: SignedInteger>(_ call: () -> Result) throws(Errno) -> Result {
  while true {
    let result = call()
    if result >= 0 { return result }
    let error = Errno()
    if error.code != EINTR { throw error }
  }
}
