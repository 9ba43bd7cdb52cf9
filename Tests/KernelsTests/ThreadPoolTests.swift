// Every task exactly once, whatever the number of threads.

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

  @Test func aTaskMayRunTasks() {
    let pool = ThreadPool(threads: 2)
    let sum = Atomic<Int>(0)
    pool.run(tasks: 8) { outer in
      pool.run(tasks: 8) { inner in sum.add(outer * 8 + inner, ordering: .relaxed) }
    }
    #expect(sum.load(ordering: .relaxed) == 63 * 32)
  }
}
