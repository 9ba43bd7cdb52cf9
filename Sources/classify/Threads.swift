// Thread primitives: starting a thread, a semaphore, a descriptor that wakes `poll`.

import Glibc
import Streams

/// Runs `body` on a detached thread. Throws `SystemError` when the system cannot create one.
func startThread(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
  final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
  var thread = pthread_t()
  let argument = unsafe Unmanaged.passRetained(Body(body))
  let code = unsafe pthread_create(
    &thread, nil,
    { argument in
      unsafe Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
      return nil
    }, argument.toOpaque())
  guard code == 0 else {
    unsafe argument.release()
    throw SystemError(code: code, operation: "start", object: "a thread")
  }
  pthread_detach(thread)
}

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
  let descriptor: CInt
  private let writer: CInt

  init() throws(SystemError) {
    var ends: [CInt] = [0, 0]
    guard unsafe pipe(&ends) == 0 else { throw SystemError(operation: "open", object: "a pipe") }
    (descriptor, writer) = (ends[0], ends[1])
    for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
  }

  /// A pipe that is full has notified already.
  func notify() {
    var byte: UInt8 = 0
    _ = unsafe write(writer, &byte, 1)
  }

  func wait() {
    var descriptors = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    _ = unsafe poll(&descriptors, 1, -1)
  }

  func clear() {
    var bytes = [UInt8](repeating: 0, count: 512)
    while unsafe read(descriptor, &bytes, bytes.count) == bytes.count {}
  }

  deinit {
    close(descriptor)
    close(writer)
  }
}
