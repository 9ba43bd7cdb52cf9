// The values that the threads of a pool exchange: the current job, who has taken which task, how many have run.

internal import Synchronization

/// The current job, written by the caller and read by every worker.
///
/// What belongs to a number is in one of two slots in turn. A worker that reads number n, the slot of n, and n again has read what belongs to n:
/// the slot is written again for n + 2, after n + 1 was published.
struct PublishedJob: ~Copyable {
  private struct Slot: ~Copyable {
    let tasks = Atomic<Int>(0)
    let body = Atomic<UInt>(0)
  }

  private let number = Atomic<Int>(0)
  private let even = Slot()
  private let odd = Slot()
  private let stopped = Atomic<Bool>(false)

  /// Makes a job the current one. Returns its number.
  func publish(tasks: Int, body: UnsafeRawPointer) -> Int {
    let next = number.load(ordering: .relaxed) + 1
    if next % 2 == 0 {
      even.tasks.store(tasks, ordering: .relaxed)
      even.body.store(UInt(bitPattern: body), ordering: .relaxed)
    } else {
      odd.tasks.store(tasks, ordering: .relaxed)
      odd.body.store(UInt(bitPattern: body), ordering: .relaxed)
    }
    // An exchange, as below in `JobDispatch`: qemu lets a load pass Arm's store-release.
    _ = number.exchange(next, ordering: .sequentiallyConsistent)
    return next
  }

  /// The current job; nil where it is number `seen`.
  func read(after seen: Int) -> (number: Int, tasks: Int, body: UnsafeRawPointer)? {
    while true {
      let current = number.load(ordering: .sequentiallyConsistent)
      guard current != seen else { return nil }
      let isEven = current % 2 == 0
      let tasks = isEven ? even.tasks.load(ordering: .relaxed) : odd.tasks.load(ordering: .relaxed)
      let body = isEven ? even.body.load(ordering: .relaxed) : odd.body.load(ordering: .relaxed)
      atomicMemoryFence(ordering: .acquiring)
      guard number.load(ordering: .relaxed) == current, let body = UnsafeRawPointer(bitPattern: body) else { continue }
      return (current, tasks, body)
    }
  }

  func stop() { stopped.store(true, ordering: .sequentiallyConsistent) }
  var isStopped: Bool { stopped.load(ordering: .sequentiallyConsistent) }
}

/// Which tasks of one worker's part are taken: the number of the last job of which one was, and the next task. So nobody has to reset it for a
/// new job, and a worker that still has an old job takes nothing of a new one.
struct TaskTaker: ~Copyable {
  private let state = Atomic<UInt64>(0)
  private static let taskBits: UInt64 = 16
  static let maximumTasks = 1 << Int(taskBits) - 1
  /// Numbers of jobs are compared in the other 48 bits, half of whose range are decades of the shortest jobs.
  private static let numberMask: UInt64 = (1 << (64 - taskBits)) - 1

  /// The next task of `part` in job number `job`, which is the caller's to run; nil where all are taken.
  func take(of part: Range<Int>, job: Int) -> Int? {
    let number = UInt64(job) & Self.numberMask
    var old = state.load(ordering: .relaxed)
    while true {
      let last = old >> Self.taskBits
      if last != number && (last &- number) & Self.numberMask <= Self.numberMask / 2 { return nil }  // of a later job
      let task = last == number ? Int(old & (1 << Self.taskBits - 1)) : part.lowerBound
      guard task < part.upperBound else { return nil }
      let new = number << Self.taskBits | UInt64(task + 1)
      let (exchanged, original) = state.compareExchange(
        expected: old, desired: new, ordering: .acquiringAndReleasing)
      if exchanged { return task }
      old = original
    }
  }
}

/// How many tasks the workers have run since the pool exists, and whether the caller sleeps until there are more.
struct Completion: ~Copyable {
  let callerSleeps = Atomic<Bool>(false)
  private let tasks = Atomic<Int>(0)

  /// By a worker that ran `count` tasks.
  func add(_ count: Int) { tasks.wrappingAdd(count, ordering: .sequentiallyConsistent) }
  func isComplete(_ expected: Int) -> Bool { tasks.load(ordering: .sequentiallyConsistent) == expected }
}

/// A value with cache lines of its own: a processor that writes it takes nothing else from the others.
final class CacheLine<Value: ~Copyable> {
  private let memory: UnsafeMutableRawPointer
  private let pointer: UnsafeMutablePointer<Value>
  /// Two lines: processors fetch them in pairs.
  private static var bytes: Int { 128 }

  init(_ value: consuming Value) {
    precondition(MemoryLayout<Value>.size <= Self.bytes)
    memory = .allocate(byteCount: Self.bytes, alignment: Self.bytes)
    pointer = memory.bindMemory(to: Value.self, capacity: 1)
    pointer.initialize(to: value)
  }

  deinit {
    pointer.deinitialize(count: 1)
    memory.deallocate()
  }

  var value: Value {
    @inline(__always) unsafeAddress { UnsafePointer(pointer) }
  }
}
