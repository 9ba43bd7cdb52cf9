// A file descriptor with one owner, closed when the owner ends.

package import CLinux
import Glibc

/// Owns an open descriptor.
package struct Descriptor: ~Copyable, Sendable {
  /// Valid for as long as this value lives.
  package let rawValue: CInt

  /// Takes over a descriptor that is open.
  package init(adopting rawValue: CInt) { self.rawValue = rawValue }

  /// Opens a file; programs started from this process do not inherit the descriptor.
  ///
  /// - Parameters:
  ///   - flags: of `open(2)`; `O_CLOEXEC` is added.
  ///   - mode: permissions of a file that is created, less those in the umask.
  package init(opening path: String, _ flags: CInt, mode: mode_t = 0o666) throws(Errno) {
    rawValue = try retryingInterrupts { unsafe open(path, flags | O_CLOEXEC, mode) }
  }

  /// As above, for a path that need not be UTF-8: its bytes without a NUL at the end.
  package init(opening path: [UInt8], _ flags: CInt, mode: mode_t = 0o666) throws(Errno) {
    let path = path.map { CChar(truncatingIfNeeded: $0) } + [0]
    rawValue = try retryingInterrupts { unsafe open(path, flags | O_CLOEXEC, mode) }
  }

  /// Opens a file of an open folder.
  package init(opening name: String, in folder: CInt, _ flags: CInt, mode: mode_t = 0o666) throws(Errno) {
    rawValue = try retryingInterrupts { unsafe openat(folder, name, flags | O_CLOEXEC, mode) }
  }

  /// Creates a file under a name that no file had, readable and writable by this user alone.
  ///
  /// - Parameter template: a path that ends in `XXXXXX` and a zero byte; holds the name afterwards.
  package init(creating template: inout [CChar]) throws(Errno) {
    rawValue = try retryingInterrupts { unsafe mkstemp(&template) }
    _ = fcntl(rawValue, F_SETFD, FD_CLOEXEC)
  }

  deinit { _ = Glibc.close(rawValue) }

  /// Closes the descriptor and reports what closing reports: the last errors of a delayed write.
  package consuming func close() throws(Errno) {
    let rawValue = release()
    // The descriptor is closed even where the call was interrupted: it must not be repeated.
    if Glibc.close(rawValue) != 0, errno != EINTR { throw Errno() }
  }

  /// Gives up ownership: the caller closes the descriptor.
  package consuming func release() -> CInt {
    let rawValue = rawValue
    discard self
    return rawValue
  }
}

extension Descriptor? {
  /// The descriptor's number; -1 where there is none, which `poll` passes over and every other call refuses.
  package var rawValue: CInt {
    switch self {
    case .some(let descriptor): descriptor.rawValue
    case .none: -1
    }
  }
}

/// The two ends of a pipe; programs started from this process inherit neither.
package struct Pipe: ~Copyable, Sendable {
  package let read: Descriptor
  package let write: Descriptor

  package init() throws(Errno) {
    var ends: [CInt] = [-1, -1]
    guard unsafe clinux_pipe(&ends) == 0 else { throw Errno() }
    read = Descriptor(adopting: ends[0])
    write = Descriptor(adopting: ends[1])
  }

  /// Closes the writing end and gives the reading one: what a parent does once the child has the other.
  package consuming func closeWrite() -> Descriptor { read }

  /// Closes the reading end and gives the writing one.
  package consuming func closeRead() -> Descriptor { write }

  /// Gives up ownership of both ends: the caller closes them.
  package consuming func release() -> (read: CInt, write: CInt) { (read.release(), write.release()) }
}
