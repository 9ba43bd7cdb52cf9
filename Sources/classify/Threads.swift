// Thread primitives: a semaphore, a descriptor that wakes `poll`.

import Glibc
import POSIX
import Streams

/// Counts signals; each lets one `wait` pass. Unchecked: sem_post and sem_wait may be called from any thread.
@safe final class Semaphore: @unchecked Sendable {
  private let handle = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() { unsafe sem_init(handle, 0, 0) }
  func signal() { unsafe sem_post(handle) }
  func wait() { while unsafe sem_wait(handle) != 0 {} }  // interrupted by a signal handler: again

  deinit {
    unsafe sem_destroy(handle)
    unsafe handle.deallocate()
  }
}

/// A descriptor that another thread makes readable, so that `poll` can wait for it and for input at once: a pipe to oneself.
final class Notification: Sendable {
  private let pipe: Pipe

  init() throws(SystemError) {
    pipe = try mapError({ SystemError($0, operation: "open", object: "a pipe") }, of: Pipe.init)
    for end in [pipe.read.rawValue, pipe.write.rawValue] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
  }

  var descriptor: CInt { pipe.read.rawValue }

  /// A pipe that is full has notified already.
  func notify() {
    var byte: UInt8 = 0
    _ = unsafe write(pipe.write.rawValue, &byte, 1)
  }

  func wait() {
    var descriptors = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    _ = unsafe poll(&descriptors, 1, -1)
  }

  func clear() {
    var bytes = [UInt8](repeating: 0, count: 512)
    while unsafe read(descriptor, &bytes, bytes.count) == bytes.count {}
  }
}
