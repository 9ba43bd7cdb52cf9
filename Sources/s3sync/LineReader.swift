// The lines of a file or of standard input, read on another thread.

import AWS
import Glibc
import HTTP
import POSIX
import Streams

@Loop
final class LineReader {
  /// A record holds a key of at most 1,024 bytes, escaped.
  private static let maximumLength = 64 << 10

  /// Of the line last read, from 1.
  private(set) var number = 0
  private let input: InterruptibleInput

  /// - Parameter path: a file, or `-` for standard input.
  init(path: String) throws(SyncError) {
    if path == "-" {
      input = InterruptibleInput()
    } else {
      let file = try systemCalls { () throws(SystemError) in try Descriptor.open(file: path, O_RDONLY) }
      input = InterruptibleInput(file.release(), name: path)
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

/// An input that blocks no transfer while it is waited for, and whose waits end after a signal.
///
/// Unchecked: one reader, used by one read after the other, whichever thread each is on.
final class InterruptibleInput: @unchecked Sendable {
  private let input: InputStream

  init(_ descriptor: CInt = STDIN_FILENO, name: String = "standard input") {
    input = InputStream(descriptor: descriptor, name: name)
    input.patience = 200
    input.beforeBlocking = {
      if Interruption.isRequested { throw SystemError(code: EINTR, operation: "read", object: name) }
    }
  }

  /// The bytes before the next newline, or before the end; nil at the end. Longer than `limit` is `limit` + 1 bytes.
  @Loop func line(limit: Int) async throws(SyncError) -> [UInt8]? {
    let newline: UInt8 = 0x0A
    // Switching threads costs more than reading a line that is buffered.
    if input.holds(newline) { return try Self.outcome { try self.input.read(until: newline, limit: limit) }.get() }
    return try await Loop.blocking { Self.outcome { try self.input.read(until: newline, limit: limit) } }.get()
  }

  /// `count` bytes, or fewer at the end.
  @Loop func read(_ count: Int) async throws(SyncError) -> [UInt8] {
    try await Loop.blocking { Self.outcome { try self.input.read(count) } }.get()
  }

  private static func outcome<Value>(_ read: () throws -> Value) -> Result<Value, SyncError> {
    do {
      return .success(try read())
    } catch let error as SystemError {
      return .failure(.system(error))
    } catch {
      return .failure(.unreadable("standard input cannot be read"))
    }
  }
}
