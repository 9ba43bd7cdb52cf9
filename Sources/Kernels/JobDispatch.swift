// How the caller of a thread pool hands a job to its workers, and learns that it is done.

internal import CInstructionSets
internal import CLinux
internal import Glibc
internal import Synchronization

/// What the workers and the caller share.
///
/// A network runs a hundred jobs of ten to some hundred microseconds each, and what one processor writes and another reads takes 50 to
/// 500 nanoseconds to get there. So a job costs few such transfers: the caller writes one cache line, `published`; each worker counts
/// the tasks that it takes on a line of its own, and adds to `completion` how many it ran, once. No thread waits for one that sleeps: a task
/// is run by the thread that takes it, and a worker that wakes after the last is taken runs none. The mutex and the conditions are for threads that have waited so
/// long that they sleep.
///
/// Unchecked: the conditions and the mutex may be used by any thread, and memory behind the pointers holds atomic values.
final class JobDispatch: @unchecked Sendable {
  /// What a job is, for as long as its number is the current one.
  private struct Job {
    let number: Int
    let tasks: Int
    /// Lives on the caller's stack until the last task has run: only to be used by who has taken a task.
    let body: UnsafePointer<(Int, Int) -> Void>
  }

  private let workers: Int
  private let published = CacheLine(PublishedJob())
  private let completion = CacheLine(Completion())
  /// How many tasks the workers will have run when the current job is done. The caller's alone.
  private var expected = 0
  /// Of every worker.
  private let takers: [CacheLine<TaskTaker>]
  private let placements: UnsafeMutablePointer<WorkerPlacement>

  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let opened = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let completed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  /// Workers that sleep or are about to.
  private let sleepers = Atomic<Int>(0)

  /// - Parameter workers: 1 or more, the caller being the first.
  init(workers: Int) {
    self.workers = workers
    takers = (0..<workers).map { _ in CacheLine(TaskTaker()) }
    placements = .allocate(capacity: workers)
    for index in 0..<workers { (placements + index).initialize(to: WorkerPlacement()) }
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(opened, nil)
    pthread_cond_init(completed, nil)
  }

  deinit {
    pthread_cond_destroy(completed)
    pthread_cond_destroy(opened)
    pthread_mutex_destroy(mutex)
    placements.deinitialize(count: workers)
    placements.deallocate()
    completed.deallocate()
    opened.deallocate()
    mutex.deallocate()
  }

  /// Ends `work` on all workers.
  func stop() {
    published.value.stop()
    wakeSleepers()
  }

  // MARK: The caller

  /// Runs `body` with each of 0..<tasks once, and with the index of the worker that runs it. Called by one thread at a time.
  ///
  /// - Parameter tasks: at most `TaskTaker.maximumTasks`.
  func run(tasks: Int, _ body: UnsafePointer<(Int, Int) -> Void>) {
    precondition(tasks <= TaskTaker.maximumTasks)
    let processor = sched_getcpu()
    for worker in 1..<workers { placements[worker].leave(processor) }
    let number = published.value.publish(tasks: tasks, body: UnsafeRawPointer(body))
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 { wakeSleepers() }
    let own = takeTasks(of: Job(number: number, tasks: tasks, body: body), worker: 0)
    expected &+= tasks - own
    waitForCompletion()
  }

  private func waitForCompletion() {
    for spin in 0..<Self.spins {
      if completion.value.isComplete(expected) { return }
      Self.pause(spin)
    }
    pthread_mutex_lock(mutex)
    // An exchange orders the loads that follow everywhere; emulated, Arm's store-release does not.
    _ = completion.value.callerSleeps.exchange(true, ordering: .sequentiallyConsistent)
    while !completion.value.isComplete(expected) { pthread_cond_wait(completed, mutex) }
    completion.value.callerSleeps.store(false, ordering: .relaxed)
    pthread_mutex_unlock(mutex)
  }

  private func wakeSleepers() {
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(opened)
    pthread_mutex_unlock(mutex)
  }

  // MARK: A worker

  /// The main loop of worker `index`, 1 or more; returns after `stop`.
  func work(_ index: Int) {
    var seen = 0
    placements[index].start()
    while let job = nextJob(after: seen) {
      seen = job.number
      placements[index].update()
      let count = takeTasks(of: job, worker: index)
      guard count > 0 else { continue }
      completion.value.add(count)
      if completion.value.callerSleeps.load(ordering: .sequentiallyConsistent) {
        pthread_mutex_lock(mutex)
        pthread_cond_signal(completed)
        pthread_mutex_unlock(mutex)
      }
    }
  }

  /// Waits for a job numbered otherwise than `seen`; nil when the pool stops.
  private func nextJob(after seen: Int) -> Job? {
    for spin in 0..<Self.spins {
      if let job = currentJob(seen) { return job }
      if published.value.isStopped { return nil }
      Self.pause(spin)
    }
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    // Counted before the last look: who publishes a job after that sees a sleeper to wake.
    sleepers.add(1, ordering: .sequentiallyConsistent)
    defer { sleepers.subtract(1, ordering: .relaxed) }
    while !published.value.isStopped {
      if let job = currentJob(seen) { return job }
      pthread_cond_wait(opened, mutex)
    }
    return nil
  }

  private func currentJob(_ seen: Int) -> Job? {
    guard let (number, tasks, body) = published.value.read(after: seen) else { return nil }
    return Job(number: number, tasks: tasks, body: body.assumingMemoryBound(to: ((Int, Int) -> Void).self))
  }

  // MARK: Both

  /// A worker's own part first, which is the same part of each job: tasks go along the rows of an image, so that a worker finds in
  /// its cache what it wrote there itself. Then what others have left. Returns how many tasks it ran.
  private func takeTasks(of job: Job, worker: Int) -> Int {
    var count = 0
    for step in 0..<workers {
      let owner = (worker + step) % workers
      let part = firstTask(of: owner, in: job.tasks)..<firstTask(of: owner + 1, in: job.tasks)
      while let task = takers[owner].value.take(of: part, job: job.number) {
        job.body.pointee(task, worker)
        count += 1
      }
    }
    return count
  }

  /// The first task of worker `index`'s part.
  private func firstTask(of index: Int, in tasks: Int) -> Int { index * tasks / workers }

  /// Some hundreds of microseconds, as long as one worker may have to wait for another's last task: workers sleep between images,
  /// not between layers, since waking one takes a tenth of a layer's time.
  private static let spins = 20_000

  /// Every few microseconds another thread may have the processor, if one wants it: the one that waits for the image's result, or
  /// another process.
  private static func pause(_ spin: Int) {
    if spin % 256 == 255 { sched_yield() } else { isa_pause() }
  }
}
