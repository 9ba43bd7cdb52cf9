// The queue of jobs that Swift's runtime hands to the loop, and the only part of the loop that other threads touch.

import CLinux
import Glibc
import POSIX
import Synchronization

/// The executor of the `Loop` actor and, as task executor, of the nonisolated code in its tasks, so that nothing runs on
/// the runtime's thread pool. Every function may be called from any thread, except `runJobs`, `begin` and `end`.
final class LoopExecutor: SerialExecutor, TaskExecutor {
  /// Identifies what a task waits for in the reactor.
  typealias Operation = Int

  private struct State {
    var jobs: [UnownedJob] = []
    /// Operations whose tasks were cancelled.
    var cancelled: [Operation] = []
    /// The thread that is in `Loop.run`.
    var thread: pthread_t?
  }

  private let state = Mutex(State())
  /// Readable when another thread has queued work.
  let wakeup = Wakeup()

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    change { $0.jobs.append(job) }
  }

  func cancel(_ operation: Operation) { change { $0.cancelled.append(operation) } }

  /// Changes the state, and ends the loop's wait where the caller is another thread.
  private func change(_ body: (inout State) -> Void) {
    let isOtherThread = state.withLock { state in
      body(&state)
      return state.thread.map { pthread_equal($0, pthread_self()) == 0 } ?? false
    }
    if isOtherThread { wakeup.signal() }
  }

  var isCurrentThread: Bool { state.withLock { $0.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false } }

  func checkIsolated() { precondition(isCurrentThread, "not on the loop's thread") }

  /// Makes the calling thread the loop's.
  func begin() { state.withLock { $0.thread = pthread_self() } }

  func end() { state.withLock { $0.thread = nil } }

  /// Runs jobs until there are none.
  func runJobs() {
    while true {
      let jobs = state.withLock { state in
        let jobs = state.jobs
        state.jobs.removeAll()
        return jobs
      }
      if jobs.isEmpty { return }
      for job in jobs {
        unsafe job.runSynchronously(
          isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
      }
    }
  }

  /// The operations cancelled since the last call.
  func takeCancelled() -> [Operation] {
    state.withLock { state in
      let cancelled = state.cancelled
      state.cancelled.removeAll()
      return cancelled
    }
  }
}

/// An event descriptor that makes a waiting `poll` return.
struct Wakeup: Sendable {
  /// Readable after `signal`; -1 if eventfd failed, and waits then end only by their time limit. Open until the process
  /// ends: the loop is one per process.
  let descriptor = eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK))

  func signal() {
    var one: UInt64 = 1
    _ = unsafe write(descriptor, &one, 8)
  }

  func clear() {
    var count: UInt64 = 0
    _ = unsafe read(descriptor, &count, 8)
  }
}
