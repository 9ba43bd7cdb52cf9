// A process's end without pidfd_open, as on Linux before 5.3.
import Glibc
import Testing

@testable import lambda_bootstrap

@Suite struct ProcessEnds {
  @Test func aThreadSeesAChildEndAndLeavesItToBeReaped() throws {
    let group = try ProcessGroup(["/bin/sh", "-c", "read line; exit 3"], environment: [])
    let end = watchByThread(group.pid)
    #expect(end >= 0)
    defer { close(end) }
    var wait = pollfd(fd: end, events: Int16(POLLIN), revents: 0)
    #expect(unsafe poll(&wait, 1, 50) == 0)
    group.closeInput()
    #expect(unsafe poll(&wait, 1, 5000) == 1)
    #expect(group.kill() == .exited(3))
  }

  @Test func onlyChildrenCanBeWatched() { #expect(watchByThread(1) == -1) }
}
