// Opening the ends of streams: a FIFO may be opened before its other end is.

import AWS
import Glibc
import HTTP
import POSIX
import Streams

extension StreamEnd {
  /// The descriptor to read; it stays open to the end of the process.
  func openForReading() throws(SyncError) -> CInt {
    switch self {
    case .standard: return STDIN_FILENO
    case .descriptor(let number): return number
    case .path(let path):
      // Without waiting for a writer: the first read waits, and ends after a signal.
      let file = try systemCalls { () throws(SystemError) in try Descriptor.open(file: path, O_RDONLY | O_NONBLOCK) }
      return file.releaseBlocking()
    }
  }

  /// The descriptor to write; waits until a FIFO has a reader.
  @Loop func openForWriting() async throws(SyncError) -> CInt {
    switch self {
    case .standard: return STDOUT_FILENO
    case .descriptor(let number): return number
    case .path(let path):
      while true {
        do throws(SystemError) {
          return try Descriptor.open(file: path, O_WRONLY | O_NONBLOCK).releaseBlocking()
        } catch {
          guard error.code == ENXIO else { throw .system(error) }
        }
        if Task.isCancelled { throw .service(.transport(.cancelled)) }
        await Loop.sleep(seconds: 0.05)
      }
    }
  }
}

extension Descriptor {
  /// Gives up ownership of a descriptor that was opened without blocking; from now on its reads and writes block.
  fileprivate consuming func releaseBlocking() -> CInt {
    let descriptor = release()
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
    return descriptor
  }
}
