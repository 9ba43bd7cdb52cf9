// Threads that decode.

import Glibc
import Streams

/// A fixed number of threads, each with a decoder of its own, that live as long as the process.
final class Workers: Sendable {
  /// One image on its way. Unchecked: `outcome` is used under `Queue`'s lock only; the rest does not change.
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
      try startThread { [queue] in
        let decoder = ImageDecoder(options)
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

  /// The images that no thread has taken yet, and the lock over every ticket. Unchecked: `waiting` is used under the lock
  /// only; the lock and the condition are made for several threads.
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
