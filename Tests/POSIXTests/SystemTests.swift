// Clocks, memory and programs.
import Glibc
import Testing

@testable import POSIX

@Suite struct Clocks {
  @Test func monotonicTimePasses() {
    let before = (Clock.monotonic.nanoseconds, Clock.monotonic.milliseconds, Clock.monotonic.seconds)
    usleep(20_000)
    #expect(Clock.monotonic.nanoseconds - before.0 >= 20_000_000)
    #expect(Clock.monotonic.milliseconds - before.1 >= 19 && Clock.monotonic.seconds - before.2 >= 0.0199)
  }

  @Test func wallTimeIsUnixTime() { #expect(abs(Clock.wall.milliseconds / 1000 - Int64(time(nil))) <= 1) }

  @Test func deadlinesForPoll() {
    #expect(pollTimeout(until: nil) == -1 && pollTimeout(until: 0) == 0)
    let limit = pollTimeout(until: Clock.monotonic.milliseconds + 5000)
    #expect(limit <= 5000 && limit > 3000)
    #expect(pollTimeout(until: .max) == .max)
  }
}

@Suite struct PagesOfMemory {
  @Test(arguments: [0, 1, 4096, (2 << 20) - 1, 2 << 20, (6 << 20) + 123])
  func zeroedAlignedAndWritable(count: Int) throws {
    let memory = try PageMemory(byteCount: count)
    #expect(memory.bytes.count == count && memory.bytes.allSatisfy { $0 == 0 })
    if count > 0 {
      let alignment = count < PageMemory.hugePageSize ? 4096 : PageMemory.hugePageSize
      #expect(Int(bitPattern: memory.bytes.baseAddress!) % alignment == 0)
      memory.bytes[count - 1] = 1
      #expect(memory.bytes[count - 1] == 1)
    }
  }

  @Test func whatCannotBeAllocatedIsAnError() {
    #expect(throws: Errno(ENOMEM)) { _ = try PageMemory(byteCount: .max) }
    #expect(throws: Errno(ENOMEM)) { _ = try PageMemory(byteCount: 1 << 60) }
  }
}

@Suite struct Programs {
  private func run(_ command: [String], environment: [String]? = nil) throws -> (ExitReason, String) {
    let pipe = try Pipe()
    let pid = try spawn(command, environment: environment, standard: [nil, pipe.write.rawValue, nil])
    // This process's own writing end would keep the pipe open.
    let read = pipe.closeWrite()
    let output = try readAll(read.rawValue, limit: 1 << 20)
    return (try waitForExit(pid), String(decoding: output, as: UTF8.self))
  }

  @Test func statusOutputAndEnvironment() throws {
    let (reason, output) = try run(["sh", "-c", "echo $A; exit 7"], environment: ["A=b c", "PATH=/bin"])
    #expect(reason == .exited(7) && output == "b c\n")
    #expect(try run(["/bin/sh", "-c", "kill -9 $$"]).0 == .signalled(SIGKILL))
  }

  @Test func onlyTheStandardDescriptorsAreInherited() throws {
    let leaked = open("/dev/null", O_RDONLY)
    defer { close(leaked) }
    #expect(try run(["sh", "-c", "[ -e /proc/self/fd/\(leaked) ] && echo inherited"]).1 == "")
  }

  @Test func ignoredSignalsAreResetAndTheGroupIsNew() throws {
    let pid = try spawn(["sh", "-c", "kill -PIPE $$; sleep 9"], startsGroup: true)
    #expect(try waitForExit(pid) == .signalled(SIGPIPE))
  }

  @Test func aProgramThatDoesNotExist() {
    #expect(throws: Errno(ENOENT)) { _ = try spawn(["/no/such/program"]) }
    #expect(throws: Errno(ECHILD)) { _ = try waitForExit(getpid()) }
  }
}
