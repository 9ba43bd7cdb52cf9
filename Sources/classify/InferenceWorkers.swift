// Worker threads for images: which one runs which image, and on how many threads.

import Glibc
import Network
import Streams
import Synchronization

/// Threads that run images, each by the model it is for, and live as long as the process.
///
/// This is where parallelism is decided. Several images in progress run on one thread each; an image that is alone is shared by all threads
/// of the network, layer by layer. The number in progress is read again before every layer, so an image gives the other threads up when
/// a second one arrives, and the last of a stream gets them all.
final class InferenceWorkers: Sendable {
  /// Readable after a job has finished; see `clearNotification`.
  var notification: CInt { completion.descriptor }

  private let state: Mutex<State>
  private let workers: [Worker]
  private let completion: Notification
  /// Images that were begun and are not finished.
  private let unfinished = Atomic<Int>(0)

  /// A thread's own things.
  private final class Worker: Sendable {
    let index: Int
    let wake = Semaphore()
    init(index: Int) { self.index = index }
  }

  private struct State {
    /// Jobs that no worker has taken, oldest first.
    var waiting: [ImageJob] = []
    /// What an idle worker is to run when it wakes.
    var assigned: [ImageJob?]
    var isIdle: [Bool]
  }

  /// Throws `SystemError` when the system cannot create a thread.
  init(count: Int) throws {
    completion = try Notification()
    workers = (0..<count).map { Worker(index: $0) }
    state = Mutex(
      State(assigned: Array(repeating: nil, count: count), isIdle: Array(repeating: true, count: count)))
    for worker in workers { try startThread { [self] in work(worker) } }
  }

  /// Hands an image to the first idle worker, or to the next that is free. The first, so that the images of a slow stream all find
  /// their values in memory that is already in use.
  func begin(_ job: ImageJob) {
    unfinished.add(1, ordering: .relaxed)
    let worker: Int? = state.withLock { state in
      guard let idle = state.isIdle.firstIndex(of: true) else {
        state.waiting.append(job)
        return nil
      }
      state.isIdle[idle] = false
      state.assigned[idle] = job
      return idle
    }
    if let worker { workers[worker].wake.signal() }
  }

  /// Until a job finishes after the last `clearNotification`.
  func waitForNotification() { completion.wait() }

  /// Call this before reading the outcomes: an image that finishes later notifies again.
  func clearNotification() { completion.clear() }

  /// Drops the images that no worker has begun and waits for the others. To be called before the process exits: no
  /// library may be in use while exit handlers release its resources.
  func stop() {
    let dropped = state.withLock { state in
      defer { state.waiting = [] }
      return state.waiting.count
    }
    unfinished.subtract(dropped, ordering: .relaxed)
    while unfinished.load(ordering: .acquiring) > 0 {
      completion.wait()
      completion.clear()
    }
  }

  private func work(_ worker: Worker) {
    var lastFinish = 0.0
    while true {
      worker.wake.wait()
      var next = state.withLock { $0.assigned[worker.index].take() }
      while let job = next {
        lastFinish = job.model.run(job, freeSince: lastFinish) { [self] in unfinished.load(ordering: .relaxed) == 1 }
        unfinished.subtract(1, ordering: .releasing)
        next = state.withLock { state in
          if state.waiting.isEmpty {
            state.isIdle[worker.index] = true
            return nil
          }
          return state.waiting.removeFirst()
        }
        completion.notify()
      }
    }
  }
}
