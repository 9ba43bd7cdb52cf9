// The writing end of a tar stream. A reader that is slow blocks a thread beside the loop, and the transfers go on.

import AWS
import Streams

/// One writer, used by one write after the other.
final class TarOutput: @unchecked Sendable {
  private let output = OutputStream()
  private let tar: TarWriter

  init() { tar = TarWriter(output) }

  @Loop func write(_ item: StreamItem, flushing: Bool) async throws(SyncError) {
    try await blocking { () throws(SystemError) in
      switch item {
      case .file(let name, let bytes, let modified):
        try self.tar.append(name, bytes, modificationTime: Int(modified?.seconds ?? 0))
      case .failed(let record, _): try self.tar.append(record)
      case .fatal: break
      }
      if flushing { try self.output.flush() }
    }
  }

  @Loop func finish() async throws(SyncError) {
    try await blocking { () throws(SystemError) in
      try self.tar.finish()
      try self.output.close()
    }
  }

  @Loop private func blocking(_ work: @escaping @Sendable () throws(SystemError) -> Void) async throws(SyncError) {
    let failure = await Loop.blocking { () -> SystemError? in
      do throws(SystemError) {
        try work()
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw .system(failure) }
  }
}
