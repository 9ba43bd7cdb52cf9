// A few threads that share the tasks of one kernel at a time. The caller works too; idle workers sleep.

internal import CInstructionSets
internal import Glibc
internal import Synchronization

/// `threads` workers, the caller being one of them: `ThreadPool(threads: 1)` starts no thread.
public final class ThreadPool: Sendable {
  public let threads: Int
  private let shared: SharedState
  private let workers: [pthread_t]

  public init(threads: Int) {
    let shared = SharedState(workers: max(1, threads))
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

  /// As above; `body` also receives the index of the worker that runs it, 0..<threads, to select per-worker memory.
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

/// The argument of a new thread.
private final class Worker {
  let index: Int
  let shared: SharedState
  init(index: Int, shared: SharedState) {
    self.index = index
    self.shared = shared
  }
}

/// The tasks of one `run`. `body` lives on the caller's stack, which waits for every worker to leave the job.
private struct Job {
  let body: UnsafePointer<(Int, Int) -> Void>
  let tasks: Int
}

/// What the workers and the caller share.
///
/// A network runs a hundred jobs of some hundred microseconds each, so a job is begun, joined and ended through one atomic word, `gate`,
/// while no thread sleeps: a lock that the caller still holds when a spinning worker sees the new job would put that worker to sleep.
/// The mutex and the conditions are for those who have waited too long and do sleep.
///
/// The states of `gate`: closed and empty (between jobs; only now is `job` written) → open (workers join and leave) → closed (none joins
/// any more; the caller waits until the last has left). Each opening has a new number, so that no worker joins a job twice.
private final class SharedState: @unchecked Sendable {
  private enum Gate {
    static let worker = 1
    static let workers = (1 << 16) - 1
    static let open = 1 << 16
    static let number = 1 << 17
  }

  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let opened = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let emptied = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let gate = Atomic<Int>(0)
  /// Workers that sleep or are about to, and whether the caller does.
  private let sleepers = Atomic<Int>(0)
  private let callerSleeps = Atomic<Bool>(false)
  private let stopping = Atomic<Bool>(false)
  private let entered = Atomic<Bool>(false)
  private var job: Job?
  private let workers: Int
  /// Of every worker, the first task of its part of the job that is not taken yet, on a cache line of its own.
  private let next: UnsafeMutablePointer<Atomic<Int>>
  private static let nextStride = 128 / MemoryLayout<Int>.stride

  init(workers: Int) {
    self.workers = workers
    next = .allocate(capacity: workers * Self.nextStride)
    for index in 0..<workers * Self.nextStride { (next + index).initialize(to: Atomic(0)) }
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(opened, nil)
    pthread_cond_init(emptied, nil)
  }

  deinit {
    pthread_cond_destroy(emptied)
    pthread_cond_destroy(opened)
    pthread_mutex_destroy(mutex)
    next.deinitialize(count: workers * Self.nextStride)
    next.deallocate()
    emptied.deallocate()
    opened.deallocate()
    mutex.deallocate()
  }

  func enter() -> Bool { !entered.exchange(true, ordering: .acquiring) }
  func leave() { entered.store(false, ordering: .releasing) }

  func stop() {
    stopping.store(true, ordering: .sequentiallyConsistent)
    wakeSleepers()
  }

  /// The caller's part: opens the job, works on it, closes it and waits for the workers still inside.
  func run(_ job: Job) {
    self.job = job
    for worker in 0..<workers {
      next[worker * Self.nextStride].store(firstTask(of: worker, in: job.tasks), ordering: .relaxed)
    }
    gate.add(Gate.number + Gate.open, ordering: .sequentiallyConsistent)
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 { wakeSleepers() }

    claim(job, worker: 0)

    gate.subtract(Gate.open, ordering: .sequentiallyConsistent)
    waitUntilEmpty()
  }

  private func waitUntilEmpty() {
    for _ in 0..<Self.spins {
      if gate.load(ordering: .acquiring) & Gate.workers == 0 { return }
      isa_pause()
    }
    pthread_mutex_lock(mutex)
    callerSleeps.store(true, ordering: .sequentiallyConsistent)
    while gate.load(ordering: .sequentiallyConsistent) & Gate.workers != 0 { pthread_cond_wait(emptied, mutex) }
    callerSleeps.store(false, ordering: .relaxed)
    pthread_mutex_unlock(mutex)
  }

  /// A worker's main loop.
  func work(_ index: Int) {
    var seen = 0
    while let number = nextJob(after: seen) {
      seen = number
      guard let job = join(number) else { continue }
      claim(job, worker: index)
      let left = gate.subtract(Gate.worker, ordering: .sequentiallyConsistent).newValue
      if left & Gate.workers == 0, callerSleeps.load(ordering: .sequentiallyConsistent) {
        pthread_mutex_lock(mutex)
        pthread_cond_signal(emptied)
        pthread_mutex_unlock(mutex)
      }
    }
  }

  /// Waits for a job numbered otherwise than `seen`; nil when the pool stops.
  private func nextJob(after seen: Int) -> Int? {
    for _ in 0..<Self.spins {
      if let number = newNumber(seen) { return number }
      if stopping.load(ordering: .relaxed) { return nil }
      isa_pause()
    }
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    // Counted before the last look at the gate: a thread that opens it after that sees a sleeper to wake.
    sleepers.add(1, ordering: .sequentiallyConsistent)
    defer { sleepers.subtract(1, ordering: .relaxed) }
    while !stopping.load(ordering: .sequentiallyConsistent) {
      if let number = newNumber(seen) { return number }
      pthread_cond_wait(opened, mutex)
    }
    return nil
  }

  private func newNumber(_ seen: Int) -> Int? {
    let number = gate.load(ordering: .sequentiallyConsistent) / Gate.number
    return number == seen ? nil : number
  }

  /// Joins job `number`; nil where it is closed.
  private func join(_ number: Int) -> Job? {
    var value = gate.load(ordering: .relaxed)
    while value / Gate.number == number && value & Gate.open != 0 {
      let (joined, original) = gate.compareExchange(
        expected: value, desired: value + Gate.worker, ordering: .acquiringAndReleasing)
      if joined { return job }
      value = original
    }
    return nil
  }

  private func wakeSleepers() {
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(opened)
    pthread_mutex_unlock(mutex)
  }

  /// A worker's own part first, which is the same part of each job: tasks go along the rows of an image, so that a worker finds in
  /// its cache what it wrote there itself. Then what others have left.
  private func claim(_ job: Job, worker: Int) {
    for step in 0..<workers {
      let owner = (worker + step) % workers
      let end = firstTask(of: owner + 1, in: job.tasks)
      while true {
        let task = next[owner * Self.nextStride].add(1, ordering: .relaxed).oldValue
        guard task < end else { break }
        job.body.pointee(task, worker)
      }
    }
  }

  /// The first task of worker `index`'s part.
  private func firstTask(of index: Int, in tasks: Int) -> Int { index * tasks / workers }

  /// Some hundreds of microseconds, as long as one worker may have to wait for another's last task: workers sleep between images,
  /// not between layers, since waking one takes a tenth of a layer's time.
  private static let spins = 20_000
}
