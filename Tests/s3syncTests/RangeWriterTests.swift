// Bytes of a range in pieces of any size at any offset: the file holds them, and nothing else is touched.

import Glibc
import Testing

@testable import s3sync

private func write(_ bytes: [UInt8], pieces: Int, at offset: Int64, to descriptor: CInt) -> RangeWriter {
  let writer = RangeWriter(descriptor, offset: offset, name: "test")
  var position = 0
  while position < bytes.count {
    let end = min(position + pieces, bytes.count)
    guard unsafe writer.take(bytes.span.extracting(position..<end).bytes) else { return writer }
    position = end
  }
  _ = writer.finish()
  return writer
}

@Test(
  "a range in the middle of a file",
  arguments: [0, 1, 65_535, 65_536, 65_537, 8 << 20, (8 << 20) + 1], [1 << 10, 16 << 10, 65_537, 1 << 20])
func aRangeInTheMiddle(count: Int, pieces: Int) throws {
  for offset in [0, 1, 65_535, 65_536, 100_000] {
    let file = try #require(unsafe tmpfile())
    defer { unsafe fclose(file) }
    let descriptor = unsafe fileno(file)
    let around = [UInt8](repeating: 0xEE, count: offset + count + 10)
    #expect(unsafe pwrite(descriptor, around, around.count, 0) == around.count)
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    #expect(write(bytes, pieces: pieces, at: Int64(offset), to: descriptor).failure == nil)
    var found = [UInt8](repeating: 0, count: around.count + 1)
    #expect(unsafe pread(descriptor, &found, found.count, 0) == around.count)
    let expected = [Array(around[..<offset]), bytes, Array(around[(offset + count)...])].flatMap { $0 }
    #expect(Array(found.dropLast()) == expected)
  }
}

@Test("a file that cannot be written", arguments: [1, 70_000, 200_000])
func aFileThatCannotBeWritten(count: Int) throws {
  let descriptor = unsafe open("/dev/full", O_WRONLY | O_CLOEXEC)
  defer { close(descriptor) }
  let writer = write([UInt8](repeating: 1, count: count), pieces: 16 << 10, at: 0, to: descriptor)
  #expect(writer.failure?.code == ENOSPC && !writer.finish())
}
