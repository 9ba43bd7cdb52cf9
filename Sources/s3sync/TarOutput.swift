// The writing end of a tar stream. A slow reader blocks another thread, and the transfers go on.

import AWS
import HTTP
import Streams
import Synchronization

/// One write after the other, each awaited.
final class TarOutput: Sendable {
  private struct Writer {
    let output: OutputStream
    let tar: TarWriter
  }

  private let writer: Mutex<Writer>

  init(_ descriptor: CInt) {
    let output = OutputStream(descriptor: descriptor)
    writer = Mutex(Writer(output: output, tar: TarWriter(output)))
  }

  @Loop func write(_ name: ItemName, _ bytes: [UInt8], modified: Timestamp?, flushing: Bool) async throws(SyncError) {
    try await blocking { (writer) throws(SystemError) in
      try writer.tar.append(name, bytes, modificationTime: Int(modified?.seconds ?? 0))
      if flushing { try writer.output.flush() }
    }
  }

  @Loop func write(_ record: ErrorRecord, flushing: Bool) async throws(SyncError) {
    try await blocking { (writer) throws(SystemError) in
      try writer.tar.append(record)
      if flushing { try writer.output.flush() }
    }
  }

  /// A member whose bytes follow by `write(piece:)`, `size` of them, and then `end(size:)`.
  @Loop func begin(_ name: ItemName, size: Int64, modified: Timestamp?) async throws(SyncError) {
    try await blocking { (writer) throws(SystemError) in
      try writer.tar.begin(name, size: Int(size), modificationTime: Int(modified?.seconds ?? 0))
    }
  }

  @Loop func write(piece: [UInt8]) async throws(SyncError) {
    try await blocking { (writer) throws(SystemError) in try writer.output.write(piece) }
  }

  @Loop func end(size: Int64) async throws(SyncError) {
    try await blocking { (writer) throws(SystemError) in
      try writer.tar.end(size: Int(size))
      try writer.output.flush()
    }
  }

  @Loop func finish() async throws(SyncError) {
    try await blocking { (writer) throws(SystemError) in
      try writer.tar.finish()
      try writer.output.close()
    }
  }

  @Loop private func blocking(
    _ work: @escaping @Sendable (Writer) throws(SystemError) -> Void
  ) async throws(SyncError) {
    try await blockingCall { () throws(SystemError) in
      try self.writer.withLock { (writer) throws(SystemError) in try work(writer) }
    }
  }
}
