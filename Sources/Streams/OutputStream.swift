// Buffered writing where a failed write is never lost: closing is part of the work.

package import Glibc

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
      try unsafe bytes.withUnsafeBytes { (bytes) throws(SystemError) in try unsafe writeAll(bytes) }
    } else {
      unsafe bytes.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
    }
  }

  /// Hands everything held back to the system.
  package func flush() throws(SystemError) {
    if buffer.isEmpty { return }
    var held: [UInt8] = []
    swap(&held, &buffer)
    try unsafe held.span.withUnsafeBytes { (bytes) throws(SystemError) in try unsafe writeAll(bytes) }
    held.removeAll(keepingCapacity: true)
    swap(&held, &buffer)
  }

  /// Flushes and closes the descriptor: the last chance of a full disk to be noticed.
  package func close() throws(SystemError) {
    try flush()
    if Glibc.close(descriptor) != 0, errno != EINTR { throw SystemError(operation: "close", object: name) }
  }

  private func writeAll(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
    var done = 0
    while done < bytes.count {
      let count = unsafe Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
      if count >= 0 {
        done += count
        continue
      }
      switch errno {
      case EINTR: continue
      case EPIPE where endsWithReader: endByBrokenPipe()
      case EAGAIN:
        var descriptors = [pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)]
        _ = unsafe poll(&descriptors, 1, -1)
      default: throw SystemError(operation: "write", object: name)
      }
    }
  }
}
