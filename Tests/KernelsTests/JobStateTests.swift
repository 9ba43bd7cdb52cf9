// The values that the threads of a pool exchange, one by one.

import CLinux
import Glibc
import Testing

@testable import Kernels

@Suite struct JobStateTests {
  @Test func aJobIsReadOnce() {
    let job = PublishedJob()
    let none = job.read(after: 0)
    #expect(none == nil)
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1)
    defer { memory.deallocate() }
    let body = UnsafeRawPointer(memory)
    for tasks in 2..<6 {
      let number = job.publish(tasks: tasks, body: body)
      let read = job.read(after: number - 1)
      #expect(read?.number == number && read?.tasks == tasks && read?.body == body)
      let again = job.read(after: number)
      #expect(again == nil)
    }
  }

  @Test func everyTaskOfAPartIsTakenOnce() {
    let taker = TaskTaker()
    let taken = [
      taker.take(of: 3..<5, job: 1), taker.take(of: 3..<5, job: 1), taker.take(of: 3..<5, job: 1),
      taker.take(of: 0..<1, job: 2), taker.take(of: 0..<0, job: 3), taker.take(of: 7..<8, job: 4),
    ]
    #expect(taken == [3, 4, nil, 0, nil, 7])
  }

  @Test(arguments: [2, 1 << 46])
  func aWorkerWithAnOldJobTakesNothing(job: Int) {
    let taker = TaskTaker()
    let taken = [
      taker.take(of: 0..<9, job: job), taker.take(of: 0..<9, job: job + 1), taker.take(of: 0..<9, job: job),
      taker.take(of: 0..<9, job: job - 1), taker.take(of: 0..<9, job: job + 1),
    ]
    #expect(taken == [0, 0, nil, nil, 1])
  }

  @Test func aWorkerLeavesTheCallersProcessor() throws {
    // The placement of a thread that stays on one processor: this one, restricted to it.
    let thread = clinux_thread()
    var before = clinux_processors()
    try #require(clinux_get_affinity(thread, &before) != 0)
    defer { _ = clinux_set_affinity(thread, &before) }
    let all = processors(before)
    try #require(all.count > 1, "one processor only")
    let placement = WorkerPlacement()
    placement.start()
    let current = sched_getcpu()
    placement.leave(current)
    #expect(processors(affinity(thread)) == all.subtracting([Int(current)]) || sched_getcpu() != current)
    placement.update()
    #expect(processors(affinity(thread)) == all)

    // Another processor than the caller's is not left.
    let other = WorkerPlacement()
    other.start()
    other.leave(CInt(clinux_processors.count))
    #expect(processors(affinity(thread)) == all)

    // The only one cannot be left.
    var only = clinux_processors()
    clinux_add_processor(&only, sched_getcpu())
    try #require(clinux_set_affinity(thread, &only) != 0)
    let bound = WorkerPlacement()
    bound.start()
    bound.leave(sched_getcpu())
    #expect(processors(affinity(thread)).count == 1)
  }

  private func affinity(_ thread: pid_t) -> clinux_processors {
    var set = clinux_processors()
    _ = clinux_get_affinity(thread, &set)
    return set
  }

  private func processors(_ set: clinux_processors) -> Set<Int> {
    var numbers = Set<Int>()
    withUnsafeBytes(of: set) { bytes in
      for (index, byte) in bytes.enumerated() {
        for bit in 0..<8 where byte & 1 << bit != 0 { numbers.insert(8 * index + bit) }
      }
    }
    return numbers
  }
}

extension clinux_processors {
  fileprivate static var count: Int { 8 * MemoryLayout<clinux_processors>.size }
}
