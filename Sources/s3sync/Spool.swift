// A queue of what is to be done, in memory while it is short and in an unnamed file from then on: ten million
// transfers are planned before the first begins.

import AWS
import Glibc
import S3
import Streams

/// One thing to do: an entry of the source, or of the target where it is deleted.
struct Action: Equatable, Sendable {
  enum Kind: UInt8, Sendable {
    case transfer
    case compareBytes
    case delete
  }

  var kind: Kind
  var entry: Entry
  /// The target's tag, where the bytes are to be compared with it.
  var targetTag: String?
}

/// Appended to first, then read once from the start.
final class Spool {
  /// Bytes kept in memory.
  private static let memoryLimit = 4 << 20

  private(set) var count = 0
  /// Bytes of all entries together.
  private(set) var totalSize: Int64 = 0
  private var buffer: [UInt8] = []
  private var descriptor: CInt = -1
  private var written = 0
  private var isReading = false
  private var position = 0
  private var readOffset = 0

  deinit { if descriptor >= 0 { close(descriptor) } }

  func append(_ action: Action) throws(SystemError) {
    count += 1
    totalSize += action.entry.size
    buffer.append(action.kind.rawValue)
    append(action.entry.key.bytes)
    append(Array((action.entry.etag ?? "").utf8))
    append(Array((action.targetTag ?? "").utf8))
    append(action.entry.size)
    append(action.entry.modified.seconds)
    append(Int64(action.entry.modified.nanoseconds))
    if buffer.count >= Self.memoryLimit { try flush() }
  }

  /// The next action in the order they were appended; nil after the last.
  func next() throws(SystemError) -> Action? {
    if !isReading {
      isReading = true
      // What was appended last has stayed in memory: it goes behind the rest.
      if descriptor >= 0 { try flush() }
    }
    // One action is at most 4 KiB: a key, two tags, three numbers.
    if buffer.count - position < 4096, descriptor >= 0 { try refill() }
    guard position < buffer.count, let kind = Action.Kind(rawValue: buffer[position]) else { return nil }
    position += 1
    let key = Key(bytes: takeBytes())
    let etag = takeText()
    let targetTag = takeText()
    let size = takeNumber()
    let seconds = takeNumber()
    let nanoseconds = Int32(truncatingIfNeeded: takeNumber())
    let modified = Timestamp(seconds: seconds, nanoseconds: nanoseconds)
    return Action(kind: kind, entry: Entry(key: key, size: size, modified: modified, etag: etag), targetTag: targetTag)
  }

  /// Moves what is in memory to the file.
  private func flush() throws(SystemError) {
    if descriptor < 0 {
      let folder = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
      var template = Array("\(folder)/s3sync-plan-XXXXXX".utf8CString)
      descriptor = unsafe mkstemp(&template)
      guard descriptor >= 0 else { throw SystemError(operation: "create a file in", object: folder) }
      unsafe unlink(template)
    }
    let bytes = buffer
    unsafe try write(bytes.span.bytes, to: descriptor, at: Int64(written), name: "the plan's file")
    written += bytes.count
    buffer.removeAll(keepingCapacity: true)
  }

  /// Reads more of the file behind what is left of the buffer.
  private func refill() throws(SystemError) {
    buffer.removeFirst(position)
    position = 0
    let kept = buffer.count
    let wanted = min(256 << 10, written - readOffset)
    guard wanted > 0 else { return }
    buffer.append(contentsOf: repeatElement(0, count: wanted))
    let count = unsafe buffer.withUnsafeMutableBytes {
      unsafe pread(descriptor, $0.baseAddress! + kept, wanted, readOffset)
    }
    guard count == wanted else { throw SystemError(operation: "read", object: "the plan's file") }
    readOffset += count
  }

  private func append(_ bytes: [UInt8]) {
    buffer.append(UInt8(truncatingIfNeeded: bytes.count))
    buffer.append(UInt8(truncatingIfNeeded: bytes.count >> 8))
    buffer += bytes
  }

  private func append(_ number: Int64) {
    for shift in stride(from: 0, to: 64, by: 8) { buffer.append(UInt8(truncatingIfNeeded: number >> Int64(shift))) }
  }

  private func takeBytes() -> [UInt8] {
    let count = Int(buffer[position]) | Int(buffer[position + 1]) << 8
    position += 2 + count
    return Array(buffer[position - count..<position])
  }

  private func takeText() -> String? {
    let bytes = takeBytes()
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }

  private func takeNumber() -> Int64 {
    var value: Int64 = 0
    for index in 0..<8 { value |= Int64(buffer[position + index]) << Int64(8 * index) }
    position += 8
    return value
  }
}
