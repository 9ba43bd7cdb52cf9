// Every task runs exactly once, for any number of threads.

import Glibc
import Synchronization
import Testing

@testable import Kernels

@Suite struct ThreadPoolTests {
  @Test(arguments: [1, 2, 3, 8])
  func everyTaskRunsOnce(threads: Int) {
    let pool = ThreadPool(threads: threads)
    for tasks in [0, 1, 2, 3, 100] {
      for _ in 0..<200 {
        let counts = UnsafeMutablePointer<Int>.allocate(capacity: tasks + 1)
        defer { counts.deallocate() }
        counts.initialize(repeating: 0, count: tasks + 1)
        pool.run(tasks: tasks) { counts[$0] += 1 }
        #expect((0..<tasks).allSatisfy { counts[$0] == 1 })
        #expect(counts[tasks] == 0)
      }
    }
  }

  /// More than a worker's part can count.
  @Test func tasksBeyondOneJob() {
    let pool = ThreadPool(threads: 2)
    let sum = Atomic<Int>(0)
    let tasks = 3 * TaskTaker.maximumTasks + 7
    pool.run(tasks: tasks) { sum.add($0, ordering: .relaxed) }
    #expect(sum.load(ordering: .relaxed) == tasks * (tasks - 1) / 2)
  }

  /// Workers that sleep between two jobs are woken, and a caller that waits long sleeps and is woken too.
  @Test func jobsAfterAndDuringSleep() {
    let pool = ThreadPool(threads: 3)
    for round in 0..<12 {
      let sum = Atomic<Int>(0)
      pool.run(tasks: 3) { task in
        if task == round % 3 { usleep(20_000) }
        sum.add(1 << (4 * task), ordering: .relaxed)
      }
      #expect(sum.load(ordering: .relaxed) == 0x111)
      usleep(20_000)
    }
  }

  /// Several threads call one pool at once: one is served by the workers, the others work alone.
  @Test func severalCallers() async {
    let pool = ThreadPool(threads: 2)
    let total = await withTaskGroup(of: Int.self) { group in
      for caller in 0..<4 {
        group.addTask {
          let sum = Atomic<Int>(0)
          for _ in 0..<2000 { pool.run(tasks: 5) { sum.add($0 + caller, ordering: .relaxed) } }
          return sum.load(ordering: .relaxed)
        }
      }
      return await group.reduce(0, +)
    }
    #expect(total == 2000 * (4 * 10 + 5 * (0 + 1 + 2 + 3)))
  }

  @Test func aTaskMayRunTasks() {
    let pool = ThreadPool(threads: 2)
    let sum = Atomic<Int>(0)
    pool.run(tasks: 8) { outer in
      pool.run(tasks: 8) { inner in sum.add(outer * 8 + inner, ordering: .relaxed) }
    }
    #expect(sum.load(ordering: .relaxed) == 63 * 32)
  }
}
