// Buffered writing where a failed write is never lost: closing is part of the work.

import Glibc
import POSIX

/// A buffered writer over a file descriptor that it does not own until `close()`.
///
/// All functions throw `SystemError` when writing fails; a reader that has gone ends the process as by SIGPIPE, unless
/// the tool has to clean up first.
package final class OutputStream {
  private let descriptor: CInt
  private let name: String
  private let capacity: Int
  private let endsWithReader: Bool
  private var buffer: [UInt8] = []

  /// - Parameters:
  ///   - descriptor: open for writing.
  ///   - name: what messages call it.
  ///   - capacity: bytes held back before a write.
  ///   - endsWithReader: false throws `EPIPE` where the reader has gone and SIGPIPE is ignored.
  package init(
    descriptor: CInt = STDOUT_FILENO, name: String = "standard output", capacity: Int = 256 << 10,
    endsWithReader: Bool = true
  ) {
    self.endsWithReader = endsWithReader
    self.descriptor = descriptor
    self.name = name
    self.capacity = capacity
    buffer.reserveCapacity(capacity)
  }

  /// Appends the bytes, writing when the buffer is full.
  package func write(_ bytes: [UInt8]) throws(SystemError) {
    try unsafe write(bytes.span.bytes)
  }

  /// Appends the bytes, writing when the buffer is full.
  func write(_ bytes: RawSpan) throws(SystemError) {
    if buffer.count + bytes.byteCount > capacity { try flush() }
    if bytes.byteCount >= capacity {
      try writeAll(bytes)
    } else {
      unsafe bytes.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
    }
  }

  /// Hands everything held back to the system.
  package func flush() throws(SystemError) {
    if buffer.isEmpty { return }
    var held: [UInt8] = []
    swap(&held, &buffer)
    try unsafe writeAll(held.span.bytes)
    held.removeAll(keepingCapacity: true)
    swap(&held, &buffer)
  }

  /// Flushes and closes the descriptor: a full disk may be reported only here.
  package func close() throws(SystemError) {
    try flush()
    if Glibc.close(descriptor) != 0, errno != EINTR { throw SystemError(operation: "close", object: name) }
  }

  private func writeAll(_ bytes: RawSpan) throws(SystemError) {
    do throws(Errno) {
      try POSIX.writeAll(bytes, to: descriptor)
    } catch {
      if error.code == EPIPE, endsWithReader { endByBrokenPipe() }
      throw SystemError(error, operation: "write", object: name)
    }
  }
}
