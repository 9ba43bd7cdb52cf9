// Descriptors and what is read and written through them.
import Glibc
import Testing

@testable import POSIX

private func isOpen(_ descriptor: CInt) -> Bool { fcntl(descriptor, F_GETFD) >= 0 }

/// A file without a name, empty.
private func temporaryFile() throws -> Descriptor {
  var template = Array("/tmp/posix-tests.XXXXXX".utf8CString)
  let file = Descriptor(adopting: mkstemp(&template))
  unlink(template)
  return file
}

@Suite(.serialized) struct Descriptors {
  @Test func closedByItsOwnerAlone() throws {
    let pipe = try Pipe()
    let (read, write) = (pipe.read.rawValue, pipe.write.rawValue)
    #expect(isOpen(read) && isOpen(write) && fcntl(read, F_GETFD) & FD_CLOEXEC != 0)
    do { let _ = consume pipe }
    #expect(!isOpen(read) && !isOpen(write))
    let released = try Descriptor(opening: "/dev/null", O_RDONLY).release()
    #expect(isOpen(released))
    close(released)
  }

  @Test func errorsAreTheSystems() throws {
    #expect(throws: Errno(ENOENT)) { _ = try Descriptor(opening: "/no such file", O_RDONLY) }
    #expect("\(Errno(ENOENT))" == "No such file or directory")
    let full = try Descriptor(opening: "/dev/full", O_WRONLY)
    #expect(throws: Errno(ENOSPC)) { try writeAll([1].span.bytes, to: full.rawValue) }
    #expect(throws: Errno(EBADF)) { try writeAll([1].span.bytes, to: -1) }
  }

  @Test func filesAtOffsets() throws {
    let file = try temporaryFile()
    try writeAll(Array("hello".utf8).span.bytes, to: file.rawValue, at: 3)
    var buffer = [UInt8](repeating: 9, count: 8)
    let count = try buffer.withUnsafeMutableBytes { try read(file.rawValue, into: $0, at: 1) }
    #expect(count == 7 && buffer == [0, 0] + Array("hello".utf8) + [9])
    #expect(lseek(file.rawValue, 0, SEEK_CUR) == 0)
    #expect(try readAll(file.rawValue, limit: 8) == [0, 0, 0] + Array("hello".utf8))
    lseek(file.rawValue, 0, SEEK_SET)
    #expect(throws: Errno(EFBIG)) { try readAll(file.rawValue, limit: 7) }
  }

  @Test func aFullPipeThatDoesNotBlockIsWaitedFor() async throws {
    let pipe = try Pipe()
    fcntl(pipe.write.rawValue, F_SETFL, O_NONBLOCK)
    let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let (input, output) = (dup(pipe.read.rawValue), pipe.closeRead().release())
    let writing = Task.detached {
      defer { close(output) }
      try writeAll(bytes.span.bytes, to: output)
    }
    #expect(try readAll(input, limit: 1_000_000) == bytes)
    close(input)
    try await writing.value
  }
}
