// The lines of a file or of standard input, read beside the loop.

import AWS
import Glibc
import Streams

@Loop
final class LineReader {
  /// A record holds a key of at most 1,024 bytes, escaped.
  private static let maximumLength = 64 << 10

  /// Of the line last read, from 1.
  private(set) var number = 0
  private let descriptor: CInt
  private let name: String
  private var buffer: [UInt8] = []
  private var position = 0
  private var isAtEnd = false

  /// - Parameter path: a file, or `-` for standard input.
  init(path: String) throws(SyncError) {
    name = path == "-" ? "standard input" : path
    descriptor = path == "-" ? STDIN_FILENO : unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(SystemError(operation: "open", object: path)) }
  }

  /// The next line without its end; nil after the last.
  func next() async throws(SyncError) -> ArraySlice<UInt8>? {
    while true {
      if let end = buffer[position...].firstIndex(of: 0x0A) { return take(to: end) }
      if isAtEnd { return position < buffer.count ? take(to: buffer.count) : nil }
      guard buffer.count - position <= Self.maximumLength else { throw .malformedLine(number: number + 1) }
      buffer.removeFirst(position)
      position = 0
      let chunk = await readChunk(descriptor, 64 << 10)
      switch chunk {
      case .success(let bytes):
        if bytes.isEmpty { isAtEnd = true }
        buffer += bytes
      case .failure(let error): throw .system(SystemError(code: error.code, operation: "read", object: name))
      }
    }
  }

  private func take(to end: Int) -> ArraySlice<UInt8> {
    var line = buffer[position..<end]
    position = min(end + 1, buffer.count)
    if line.last == 0x0D { line.removeLast() }
    number += 1
    return line
  }
}

/// Up to `limit` bytes of a descriptor, none at its end; waits beside the loop, and gives up after a signal.
@Loop
func readChunk(_ descriptor: CInt, _ limit: Int) async -> Result<[UInt8], SystemError> {
  await Loop.blocking {
    var buffer = [UInt8](repeating: 0, count: limit)
    while true {
      var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let count = unsafe poll(&ready, 1, 200)
      if Interruption.hasCome {
        return .failure(SystemError(code: EINTR, operation: "read", object: "standard input"))
      }
      if count == 0 || (count < 0 && errno == EINTR) { continue }
      let read = unsafe Glibc.read(descriptor, &buffer, limit)
      if read < 0 && (errno == EINTR || errno == EAGAIN) { continue }
      guard read >= 0 else { return .failure(SystemError(operation: "read", object: "standard input")) }
      buffer.removeSubrange(read...)
      return .success(buffer)
    }
  }
}
