// The lines of a file or of standard input, read on another thread.

import AWS
import Glibc
import HTTP
import POSIX
import Streams
import Synchronization

@Loop
final class LineReader {
  /// A record holds a key of at most 1,024 bytes, escaped.
  private static let maximumLength = 64 << 10

  /// Of the line last read, from 1.
  private(set) var number = 0
  private let input: InterruptibleInput
  /// What `input` reads, unless that is standard input.
  private let file: Descriptor?

  /// - Parameter path: a file, or `-` for standard input.
  init(path: String) throws(SyncError) {
    if path == "-" {
      input = InterruptibleInput()
      file = nil
    } else {
      let file = try systemCalls { () throws(SystemError) in try Descriptor.open(file: path, O_RDONLY) }
      input = InterruptibleInput(file.rawValue, name: path)
      self.file = .some(file)
    }
  }

  /// The next line without its end; nil after the last.
  func next() async throws(SyncError) -> ArraySlice<UInt8>? {
    guard let line = try await input.line(limit: Self.maximumLength) else { return nil }
    number += 1
    guard line.count <= Self.maximumLength else { throw .malformedLine(number: number) }
    return line.last == 0x0D ? line.dropLast() : line[...]
  }
}

/// An input that blocks no transfer while it is waited for, and whose waits end after a signal. One read after the other.
final class InterruptibleInput: Sendable {
  private let input: Mutex<InputStream>

  init(_ descriptor: CInt = STDIN_FILENO, name: String = "standard input") {
    let stream = InputStream(descriptor: descriptor, name: name)
    stream.patience = 200
    stream.beforeBlocking = {
      if Interruption.isRequested { throw SystemError(code: EINTR, operation: "read", object: name) }
    }
    input = Mutex(stream)
  }

  /// The bytes before the next newline, or before the end; nil at the end. Longer than `limit` is `limit` + 1 bytes.
  @Loop func line(limit: Int) async throws(SyncError) -> [UInt8]? {
    let newline: UInt8 = 0x0A
    // Switching threads costs more than reading a line that is buffered.
    if input.withLock({ $0.holds(newline) }) {
      return try outcome { try $0.read(until: newline, limit: limit) }.get()
    }
    return try await Loop.blocking { self.outcome { try $0.read(until: newline, limit: limit) } }.get()
  }

  /// `count` bytes, or fewer at the end.
  @Loop func read(_ count: Int) async throws(SyncError) -> [UInt8] {
    try await Loop.blocking { self.outcome { try $0.read(count) } }.get()
  }

  private func outcome<Value: Sendable>(_ read: (InputStream) throws -> Value) -> Result<Value, SyncError> {
    do {
      return .success(try input.withLock { try read($0) })
    } catch let error as SystemError {
      return .failure(.system(error))
    } catch {
      return .failure(.unreadable("standard input cannot be read"))
    }
  }
}
