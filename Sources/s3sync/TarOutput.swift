// The writing end of a tar stream. A slow reader blocks another thread, and the transfers go on.

import AWS
import HTTP
import Streams

/// Unchecked: one writer, used by one write after the other, each awaited.
final class TarOutput: @unchecked Sendable {
  private let output: OutputStream
  private let tar: TarWriter

  init(_ descriptor: CInt) {
    output = OutputStream(descriptor: descriptor)
    tar = TarWriter(output)
  }

  @Loop func write(_ name: ItemName, _ bytes: [UInt8], modified: Timestamp?, flushing: Bool) async throws(SyncError) {
    try await blocking { () throws(SystemError) in
      try self.tar.append(name, bytes, modificationTime: Int(modified?.seconds ?? 0))
      if flushing { try self.output.flush() }
    }
  }

  @Loop func write(_ record: ErrorRecord, flushing: Bool) async throws(SyncError) {
    try await blocking { () throws(SystemError) in
      try self.tar.append(record)
      if flushing { try self.output.flush() }
    }
  }

  /// A member whose bytes follow by `write(piece:)`, `size` of them, and then `end(size:)`.
  @Loop func begin(_ name: ItemName, size: Int64, modified: Timestamp?) async throws(SyncError) {
    try await blocking { () throws(SystemError) in
      try self.tar.begin(name, size: Int(size), modificationTime: Int(modified?.seconds ?? 0))
    }
  }

  @Loop func write(piece: [UInt8]) async throws(SyncError) {
    try await blocking { () throws(SystemError) in try self.output.write(piece) }
  }

  @Loop func end(size: Int64) async throws(SyncError) {
    try await blocking { () throws(SystemError) in
      try self.tar.end(size: Int(size))
      try self.output.flush()
    }
  }

  @Loop func finish() async throws(SyncError) {
    try await blocking { () throws(SystemError) in
      try self.tar.finish()
      try self.output.close()
    }
  }

  @Loop private func blocking(_ work: @escaping @Sendable () throws(SystemError) -> Void) async throws(SyncError) {
    try await blockingCall(work)
  }
}
