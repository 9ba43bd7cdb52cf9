// Opening the ends of streams: a FIFO may be opened before its other end is.

import AWS
import Glibc
import HTTP
import Streams

extension StreamEnd {
  /// The descriptor to read; it stays open to the end of the process.
  func openForReading() throws(SyncError) -> CInt {
    switch self {
    case .standard: return STDIN_FILENO
    case .descriptor(let number): return number
    case .path(let path):
      // Without waiting for a writer: the first read waits, and ends after a signal.
      let descriptor = unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
      guard descriptor >= 0 else { throw .system(SystemError(operation: "open", object: path)) }
      _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
      return descriptor
    }
  }

  /// The descriptor to write; waits until a FIFO has a reader.
  @Loop func openForWriting() async throws(SyncError) -> CInt {
    switch self {
    case .standard: return STDOUT_FILENO
    case .descriptor(let number): return number
    case .path(let path):
      while true {
        let descriptor = unsafe open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        if descriptor >= 0 {
          _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
          return descriptor
        }
        guard errno == ENXIO || errno == EINTR else { throw .system(SystemError(operation: "open", object: path)) }
        if Task.isCancelled { throw .service(.transport(.cancelled)) }
        await Loop.sleep(seconds: 0.05)
      }
    }
  }
}
