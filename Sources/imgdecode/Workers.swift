// Threads that decode.

import Glibc
import Streams

/// A fixed number of threads, each with a decoder of its own, that live as long as the process.
final class Workers: Sendable {
  /// One image on its way. All but `name` belongs to `Workers`, under its lock.
  final class Ticket: @unchecked Sendable {
    let name: ItemName
    fileprivate let bytes: [UInt8]
    fileprivate var outcome: Outcome?

    fileprivate init(_ name: ItemName, _ bytes: [UInt8]) {
      self.name = name
      self.bytes = bytes
    }
  }

  private let queue = Queue()

  /// - Throws: `SystemError` when the threads cannot be created.
  init(_ options: ImageOptions, count: Int) throws(SystemError) {
    for _ in 0..<count {
      let decoder = ImageDecoder(options)
      try Thread.start { [queue] in
        while true {
          let ticket = queue.take()
          queue.complete(ticket, Result { try decoder.decode(ticket.bytes) })
        }
      }
    }
  }

  /// Hands an image to the next free thread.
  func begin(_ name: ItemName, _ bytes: [UInt8]) -> Ticket {
    let ticket = Ticket(name, bytes)
    queue.add(ticket)
    return ticket
  }

  /// Waits for an image's outcome.
  func finish(_ ticket: Ticket) -> Outcome { queue.wait(for: ticket) }

  /// The images that no thread has taken yet, and the lock over every ticket. Unchecked: all of it is used under the lock.
  @safe private final class Queue: @unchecked Sendable {
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var waiting: [Ticket] = []

    init() {
      unsafe lock.initialize(to: pthread_mutex_t())
      unsafe changed.initialize(to: pthread_cond_t())
      unsafe pthread_mutex_init(lock, nil)
      unsafe pthread_cond_init(changed, nil)
    }

    func add(_ ticket: Ticket) {
      unsafe pthread_mutex_lock(lock)
      waiting.append(ticket)
      unsafe pthread_cond_broadcast(changed)
      unsafe pthread_mutex_unlock(lock)
    }

    func take() -> Ticket {
      unsafe pthread_mutex_lock(lock)
      defer { unsafe pthread_mutex_unlock(lock) }
      while waiting.isEmpty { unsafe pthread_cond_wait(changed, lock) }
      return waiting.removeFirst()
    }

    func complete(_ ticket: Ticket, _ outcome: Outcome) {
      unsafe pthread_mutex_lock(lock)
      ticket.outcome = outcome
      unsafe pthread_cond_broadcast(changed)
      unsafe pthread_mutex_unlock(lock)
    }

    func wait(for ticket: Ticket) -> Outcome {
      unsafe pthread_mutex_lock(lock)
      defer { unsafe pthread_mutex_unlock(lock) }
      while true {
        if let outcome = ticket.outcome { return outcome }
        unsafe pthread_cond_wait(changed, lock)
      }
    }

    deinit {
      unsafe pthread_cond_destroy(changed)
      unsafe pthread_mutex_destroy(lock)
      unsafe changed.deallocate()
      unsafe lock.deallocate()
    }
  }
}

/// A detached thread of the system.
private enum Thread {
  private final class Body {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
  }

  /// - Throws: `SystemError` when the system cannot create a thread.
  static func start(_ run: @escaping () -> Void) throws(SystemError) {
    var thread = pthread_t()
    let body = unsafe Unmanaged.passRetained(Body(run))
    let code = unsafe pthread_create(
      &thread, nil,
      { context in
        unsafe Unmanaged<Body>.fromOpaque(context!).takeRetainedValue().run()
        return nil
      }, body.toOpaque())
    guard code == 0 else {
      unsafe body.release()
      throw SystemError(code: code, operation: "start", object: "a thread")
    }
    pthread_detach(thread)
  }
}
