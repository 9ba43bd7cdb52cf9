// What `Loop` runs on: a queue of the runtime's jobs, timers, and libcurl's client, all of one thread.

import Glibc
import HTTP
import Synchronization

/// The executor of the `Loop` actor. `enqueue` may be called from any thread, all else from the loop's own.
final class LoopExecutor: SerialExecutor, @unchecked Sendable {
  private let jobs = Mutex<[UnownedJob]>([])
  private var client: Client?
  private var startFailure: HTTPError?
  private var sleepers: [(due: UInt64, continuation: CheckedContinuation<Void, Never>)] = []
  private var thread = pthread_self()
  /// Ends the wait for the network when another thread has enqueued a job.
  private let wakePipe = WakePipe()

  /// The longest wait, in milliseconds: signals are looked for between turns.
  private static let longestWait: UInt64 = 250

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    jobs.withLock { $0.append(job) }
    if pthread_equal(pthread_self(), thread) == 0 { wakePipe.write() }
  }

  func checkIsolated() { precondition(pthread_equal(pthread_self(), thread) != 0, "not on the loop's thread") }

  /// Makes the calling thread the loop's.
  func begin(connections: Int) {
    thread = pthread_self()
    do throws(HTTPError) {
      client = try Client(maxConnections: connections)
    } catch {
      startFailure = error
    }
  }

  func submit(_ request: Request, completion: @escaping Client.Completion) {
    if let client {
      client.submit(request, completion: completion)
    } else {
      completion(.failure(startFailure ?? .cancelled))
    }
  }

  func cancelAll() {
    client?.cancelAll()
    for sleeper in sleepers { sleeper.continuation.resume() }
    sleepers.removeAll()
  }

  func wake(_ continuation: CheckedContinuation<Void, Never>, after seconds: Double) {
    sleepers.append((now() + UInt64(max(seconds, 0) * 1e9), continuation))
  }

  /// Runs jobs until there are none.
  func runJobs() {
    while true {
      let batch = jobs.withLock { jobs in
        let batch = jobs
        jobs = []
        return batch
      }
      if batch.isEmpty { return }
      for job in batch { unsafe job.runSynchronously(on: asUnownedSerialExecutor()) }
    }
  }

  /// Waits for the network, a timer or another thread's job, and lets what is ready go on.
  func turn() {
    let start = now()
    let nextDue = sleepers.map(\.due).min() ?? UInt64.max
    let wait = nextDue <= start ? 0 : min((nextDue - start) / 1_000_000 + 1, Self.longestWait)
    // A failing poll would come back at once, again and again; waiting keeps such a loop from spinning.
    do throws(HTTPError) {
      let ready = try client?.poll(timeoutMilliseconds: Int(wait), alsoWatching: [(wakePipe.descriptor, Int16(POLLIN))])
      if ready != [0] { wakePipe.drain() }
    } catch {
      usleep(10_000)
    }
    guard !sleepers.isEmpty else { return }
    let time = now()
    let due = sleepers.filter { $0.due <= time }
    sleepers.removeAll { $0.due <= time }
    for sleeper in due { sleeper.continuation.resume() }
  }

  /// CLOCK_MONOTONIC in nanoseconds.
  private func now() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}

/// A pipe to oneself that makes a waiting `poll` return.
private struct WakePipe {
  /// Readable after `write`.
  let descriptor: CInt
  private let writing: CInt

  init() {
    var ends: [CInt] = [-1, -1]
    // Without descriptors the pipe is never ready, and a turn takes as long as `longestWait`.
    _ = unsafe pipe(&ends)
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    descriptor = ends[0]
    writing = ends[1]
  }

  func write() {
    var byte: UInt8 = 0
    _ = unsafe Glibc.write(writing, &byte, 1)
  }

  func drain() {
    var buffer = [UInt8](repeating: 0, count: 64)
    while unsafe read(descriptor, &buffer, buffer.count) == buffer.count {}
  }
}
