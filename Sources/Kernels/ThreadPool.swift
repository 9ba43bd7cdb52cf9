// A few threads that share the tasks of one kernel at a time. The caller works too; idle workers sleep.

internal import Glibc
internal import Synchronization

/// `threads` workers, the caller being one of them: `ThreadPool(threads: 1)` starts no thread.
public final class ThreadPool: Sendable {
  public let threads: Int
  private let dispatch: JobDispatch
  private let isRunning = Atomic<Bool>(false)
  private let workers: [pthread_t]

  public init(threads: Int) {
    let dispatch = JobDispatch(workers: max(1, threads))
    self.dispatch = dispatch
    var workers: [pthread_t] = []
    for index in 1..<max(2, threads) where index < threads {
      var thread = pthread_t()
      let argument = Unmanaged.passRetained(Worker(index: index, dispatch: dispatch))
      let status = pthread_create(
        &thread, nil,
        { argument in
          let worker = Unmanaged<Worker>.fromOpaque(argument!).takeRetainedValue()
          worker.dispatch.work(worker.index)
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
    dispatch.stop()
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
    guard tasks > 1, !workers.isEmpty, !isRunning.exchange(true, ordering: .acquiring) else {
      for task in 0..<max(0, tasks) { body(task, 0) }
      return
    }
    withoutActuallyEscaping(body) { body in
      if tasks <= TaskTaker.maximumTasks {
        withUnsafePointer(to: body) { dispatch.run(tasks: tasks, $0) }
      } else {
        for first in stride(from: 0, to: tasks, by: TaskTaker.maximumTasks) {
          let part = { (task: Int, worker: Int) in body(first + task, worker) }
          withUnsafePointer(to: part) { dispatch.run(tasks: min(tasks - first, TaskTaker.maximumTasks), $0) }
        }
      }
    }
    isRunning.store(false, ordering: .releasing)
  }
}

/// The argument of a new thread.
private final class Worker {
  let index: Int
  let dispatch: JobDispatch
  init(index: Int, dispatch: JobDispatch) {
    self.index = index
    self.dispatch = dispatch
  }
}
