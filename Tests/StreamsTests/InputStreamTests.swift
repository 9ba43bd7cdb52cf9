// Buffered input and output over pipes and files, and what a stream is taken for.

import Glibc
import Streams
import Testing

@testable import Streams

@Suite struct InputStreamTests {
  /// A member is given as soon as its last byte has come: neither its padding nor a following header is waited for.
  @Test func aMemberIsCompleteWithItsLastByte() throws {
    let pipe = Pipe()
    let archive = try collect { try TarWriter($0).append(ItemName("a"), [1, 2, 3]) }
    pipe.write(Array(archive[..<(512 + 3)]))
    let input = InputStream(descriptor: pipe.readEnd)
    var reader = TarReader(input)
    #expect(try reader.next()?.name == ItemName("a"))
    #expect(try reader.readBody() == [1, 2, 3])
  }

  @Test func theToolIsToldBeforeAReadThatWouldBlock() throws {
    let pipe = Pipe()
    let input = InputStream(descriptor: pipe.readEnd)
    var calls = 0
    input.beforeBlocking = {
      calls += 1
      pipe.write([7])
    }
    pipe.write([1, 2])
    #expect(try input.read(2) == [1, 2])
    #expect(calls == 0)
    #expect(try input.read(1) == [7])
    #expect(calls == 1)
    pipe.closeWriteEnd()
    #expect(try input.read(5) == [])
    #expect(calls == 1)
  }

  @Test func peekTakesNothing() throws {
    try reading([1, 2, 3]) { input throws in
      #expect(try Array(input.peek(2)) == [1, 2])
      #expect(try Array(input.peek(512)) == [1, 2, 3])
      #expect(try input.skip(1) == 1)
      #expect(try input.read(10) == [2, 3])
    }
  }

  @Test(arguments: [1, 511, 512, 513, 4096, 100_000])
  func anySizeThroughASmallBuffer(size: Int) throws {
    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let descriptor = temporaryFile(bytes)
    defer { close(descriptor) }
    let input = InputStream(descriptor: descriptor, capacity: 512)
    #expect(try Array(input.peek(512)) == Array(bytes.prefix(512)))
    #expect(try input.read(size / 2) == Array(bytes[..<(size / 2)]))
    #expect(try Array(input.peek(3)) == Array(bytes[(size / 2)...].prefix(3)))
    #expect(try input.read(.max) == Array(bytes[(size / 2)...]))
  }

  @Test func aReadThatFailsSaysSo() {
    let input = InputStream(descriptor: 9999)
    #expect(throws: SystemError.self) { try input.read(1) }
  }

  @Test("up to a separator, over the buffer's end, at the limit and past it")
  func untilASeparator() throws {
    let lines = ["", "a", String(repeating: "b", count: 511), String(repeating: "c", count: 600), "", "last"]
    let descriptor = temporaryFile(Array(lines.joined(separator: "\n").utf8))
    defer { close(descriptor) }
    for (limit, expected) in [(600, lines), (599, nil)] as [(Int, [String]?)] {
      lseek(descriptor, 0, SEEK_SET)
      let input = InputStream(descriptor: descriptor, capacity: 512)
      var found = [String]()
      while let line = try input.read(until: 0x0A, limit: limit), line.count <= limit {
        found.append(String(decoding: line, as: UTF8.self))
      }
      #expect(found == expected ?? Array(lines[..<3]))
    }
  }

  @Test("a wait that is over or interrupted asks the tool again, which may end it")
  func patience() throws {
    struct Enough: Error {}
    let pipe = Pipe()
    let input = InputStream(descriptor: pipe.readEnd)
    input.patience = 1
    var calls = 0
    input.beforeBlocking = {
      calls += 1
      if calls == 3 { throw Enough() }
    }
    #expect(throws: Enough.self) { try input.read(until: 0x0A, limit: 10) }
    #expect(calls == 3 && !input.holds(0x0A))
  }

  @Test(
    arguments: [
      ([0xFF, 0xD8], .jpeg), ([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59], .npy), ([], .empty),
      ([UInt8](repeating: 0, count: 512), .tar), ([0x89, 0x50, 0x4E, 0x47, 0x0D], .other(description: "a PNG image")),
      (Array("hello".utf8), .other(description: "text")), ([0], .other(description: "unknown data (00)")),
      (Array("RIFF\0\0\0\0WEBP".utf8), .other(description: "a WebP image")),
    ] as [([UInt8], InputKind)])
  func kinds(bytes: [UInt8], kind: InputKind) throws {
    try reading(bytes) { input throws in #expect(try InputKind.sniff(input) == kind) }
  }
}

@Suite struct OutputStreamTests {
  @Test func aFullDiskIsReported() throws {
    let descriptor = open("/dev/full", O_WRONLY)
    defer { close(descriptor) }
    let output = OutputStream(descriptor: descriptor)
    try output.write([1])
    #expect(throws: SystemError(code: ENOSPC, operation: "write", object: "standard output")) { try output.flush() }
  }

  @Test(arguments: [1, 7, 8, 9, 100])
  func bytesArriveInOrder(piece: Int) throws {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
    let descriptor = temporaryFile()
    defer { close(descriptor) }
    let output = OutputStream(descriptor: descriptor, capacity: 8)
    for start in stride(from: 0, to: bytes.count, by: piece) {
      try output.write(Array(bytes[start..<min(start + piece, bytes.count)]))
    }
    try output.flush()
    lseek(descriptor, 0, SEEK_SET)
    #expect(try InputStream(descriptor: descriptor).read(.max) == bytes)
  }
}

@Suite struct MappedFileTests {
  @Test func wholeFileAndRelease() throws {
    let file = try MappedFile(path: #filePath)
    #expect(file.bytes.count > 100)
    let first = file.bytes[0]
    file.release(0..<file.bytes.count)
    #expect(file.bytes[0] == first)
  }

  @Test(arguments: ["/nonexistent", "/", "/dev/null"])
  func nonFilesAreRefused(path: String) {
    #expect(throws: SystemError.self) { _ = try MappedFile(path: path) }
  }
}
