// A few threads that share the tasks of one kernel at a time. The caller works too; idle workers sleep.

internal import CInstructionSets
internal import Glibc
internal import Synchronization

/// `threads` workers, the caller being one of them: `ThreadPool(threads: 1)` starts no thread.
public final class ThreadPool: Sendable {
  public let threads: Int
  private let shared: Shared
  private let workers: [pthread_t]

  public init(threads: Int) {
    let shared = Shared(workers: max(1, threads))
    self.shared = shared
    var workers: [pthread_t] = []
    for index in 1..<max(2, threads) where index < threads {
      var thread = pthread_t()
      let argument = Unmanaged.passRetained(Worker(index: index, shared: shared))
      let status = pthread_create(
        &thread, nil,
        { argument in
          let worker = Unmanaged<Worker>.fromOpaque(argument!).takeRetainedValue()
          worker.shared.work(worker.index)
          return nil
        }, argument.toOpaque())
      guard status == 0 else {  // a process limit: fewer workers give the same answers
        argument.release()
        break
      }
      workers.append(thread)
    }
    self.workers = workers
    self.threads = workers.count + 1
  }

  deinit {
    shared.stop()
    for worker in workers { pthread_join(worker, nil) }
  }

  /// Runs `body(0)` … `body(tasks - 1)`, each once, in any order and on any worker, and returns when all are done.
  /// A call from inside a task, or from a second thread while one is running, runs its tasks on the calling thread (with memory of its
  /// own, if the tasks need any).
  public func run(tasks: Int, _ body: (Int) -> Void) {
    run(tasks: tasks) { task, _ in body(task) }
  }

  /// As above; `body` is also told which worker, 0..<threads, runs it, for memory that no two tasks may use at once.
  func run(tasks: Int, _ body: (_ task: Int, _ worker: Int) -> Void) {
    guard tasks > 1, !workers.isEmpty, shared.enter() else {
      for task in 0..<max(0, tasks) { body(task, 0) }
      return
    }
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: body) { shared.run(Job(body: $0, tasks: tasks)) }
    }
    shared.leave()
  }
}

/// What a new thread is told.
private final class Worker {
  let index: Int
  let shared: Shared
  init(index: Int, shared: Shared) {
    self.index = index
    self.shared = shared
  }
}

/// The tasks of one `run`. `body` lives on the caller's stack, which waits for every worker to leave the job.
private struct Job {
  let body: UnsafePointer<(Int, Int) -> Void>
  let tasks: Int
}

/// What the workers and the caller share. `job` and `active` are guarded by `mutex`.
private final class Shared: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let started = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let finished = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var job: Job?
  private var stopping = false
  private var sleepers = 0
  private let generation = Atomic<Int>(0)
  /// Of every worker, the first task of its part of the job that nobody has taken.
  private let next: [Counter]
  private let active = Atomic<Int>(0)
  private let entered = Atomic<Bool>(false)

  init(workers: Int) {
    next = (0..<workers).map { _ in Counter() }
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(started, nil)
    pthread_cond_init(finished, nil)
  }

  deinit {
    pthread_cond_destroy(finished)
    pthread_cond_destroy(started)
    pthread_mutex_destroy(mutex)
    finished.deallocate()
    started.deallocate()
    mutex.deallocate()
  }

  func enter() -> Bool { !entered.exchange(true, ordering: .acquiring) }
  func leave() { entered.store(false, ordering: .releasing) }

  func stop() {
    pthread_mutex_lock(mutex)
    stopping = true
    generation.add(1, ordering: .releasing)
    pthread_cond_broadcast(started)
    pthread_mutex_unlock(mutex)
  }

  /// The caller's part: opens the job, works on it, closes it and waits for the workers still inside.
  func run(_ job: Job) {
    pthread_mutex_lock(mutex)
    self.job = job
    for (index, counter) in next.enumerated() { counter.value.store(part(index, of: job.tasks), ordering: .relaxed) }
    generation.add(1, ordering: .releasing)
    if sleepers > 0 { pthread_cond_broadcast(started) }
    pthread_mutex_unlock(mutex)

    claim(job, worker: 0)

    pthread_mutex_lock(mutex)
    self.job = nil  // a worker that wakes late finds nothing to do
    pthread_mutex_unlock(mutex)
    for _ in 0..<Self.spins where active.load(ordering: .acquiring) > 0 { isa_pause() }
    guard active.load(ordering: .acquiring) > 0 else { return }
    pthread_mutex_lock(mutex)
    while active.load(ordering: .acquiring) > 0 { pthread_cond_wait(finished, mutex) }
    pthread_mutex_unlock(mutex)
  }

  /// A worker's life.
  func work(_ index: Int) {
    var seen = 0
    while true {
      for _ in 0..<Self.spins where generation.load(ordering: .acquiring) == seen { isa_pause() }
      pthread_mutex_lock(mutex)
      while generation.load(ordering: .acquiring) == seen {
        sleepers += 1
        pthread_cond_wait(started, mutex)
        sleepers -= 1
      }
      seen = generation.load(ordering: .acquiring)
      let job = self.job
      let stopping = self.stopping
      if job != nil { active.add(1, ordering: .acquiringAndReleasing) }
      pthread_mutex_unlock(mutex)
      if stopping { return }
      guard let job else { continue }
      claim(job, worker: index)
      if active.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 {
        pthread_mutex_lock(mutex)
        pthread_cond_signal(finished)
        pthread_mutex_unlock(mutex)
      }
    }
  }

  /// A worker's own part first, which is the same part of each job: tasks go along the rows of an image, so that a worker finds in
  /// its cache what it wrote there itself. Then what others have left.
  private func claim(_ job: Job, worker: Int) {
    for step in 0..<next.count {
      let owner = (worker + step) % next.count
      let end = part(owner + 1, of: job.tasks)
      while true {
        let task = next[owner].value.add(1, ordering: .relaxed).oldValue
        guard task < end else { break }
        job.body.pointee(task, worker)
      }
    }
  }

  private func part(_ index: Int, of tasks: Int) -> Int { index * tasks / next.count }

  /// Some hundreds of microseconds, as long as one worker may have to wait for another's last task: workers sleep between images,
  /// not between layers, since waking one takes a tenth of a layer's time.
  private static let spins = 20_000
}

/// A number on cache lines of its own.
private final class Counter: Sendable {
  let value = Atomic<Int>(0)
  private let rest = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
}
