// A queue of actions, in memory while it is short and in an unnamed file from then on: ten million
// transfers are planned before the first starts.

import AWS
import Glibc
import POSIX
import S3
import Streams

/// One action: an entry of the source, or of the target where it is deleted.
struct Action: Equatable, Sendable {
  enum Kind: UInt8, Sendable {
    case transfer
    case compareTimes
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
  private enum State {
    case writing
    /// Bytes of the file read so far.
    case reading(Int)
  }

  /// Bytes kept in memory.
  private static let memoryLimit = 4 << 20

  private(set) var count = 0
  /// Bytes of all entries together.
  private(set) var totalSize: Int64 = 0
  private var state = State.writing
  private var file: SpoolFile?
  /// What is not in the file, or was read from it.
  private var buffer = ActionBuffer()

  func append(_ action: Action) throws(SystemError) {
    count += 1
    // A service may state any sizes.
    let (sum, overflows) = totalSize.addingReportingOverflow(action.entry.size)
    totalSize = overflows ? .max : sum
    buffer.append(action)
    if buffer.bytes.count >= Self.memoryLimit { try flush() }
  }

  /// The next action in the order they were appended; nil after the last.
  func next() throws(SystemError) -> Action? {
    if case .writing = state {
      state = .reading(0)
      // What was appended last has stayed in memory: it follows the rest.
      if file != nil { try flush() }
    }
    while true {
      if let action = buffer.next() { return action }
      guard let file, case .reading(let offset) = state else { return nil }
      let count = try file.read(into: &buffer, at: offset)
      if count == 0 { return nil }
      state = .reading(offset + count)
    }
  }

  /// Moves what is in memory to the file.
  private func flush() throws(SystemError) {
    let file = if let file = self.file { file } else { try SpoolFile() }
    self.file = file
    try file.append(buffer.bytes)
    buffer.removeAll()
  }
}

/// An unnamed file that is appended to and read.
private final class SpoolFile {
  private static let readSize = 256 << 10

  private let file: Descriptor
  private var size = 0

  init() throws(SystemError) {
    let folder = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    var template = Array("\(folder)/s3sync-plan-XXXXXX".utf8CString)
    file = try mapError {
      SystemError($0, operation: "create a temporary file in", object: folder)
    } of: { () throws(Errno) in
      try Descriptor(creating: &template)
    }
    unsafe unlink(template)
  }

  func append(_ bytes: [UInt8]) throws(SystemError) {
    unsafe try write(bytes.span.bytes, to: file.rawValue, at: Int64(size), name: "the plan's file")
    size += bytes.count
  }

  /// Adds the next bytes of the file to the buffer; returns how many there were.
  func read(into buffer: inout ActionBuffer, at offset: Int) throws(SystemError) -> Int {
    var bytes = [UInt8](repeating: 0, count: min(Self.readSize, size - offset))
    if bytes.isEmpty { return 0 }
    try mapError {
      SystemError($0, operation: "read", object: "the plan's file")
    } of: { () throws(Errno) in
      try readExactly(file.rawValue, into: &bytes, at: Int64(offset))
    }
    buffer.append(bytes)
    return bytes.count
  }
}

/// Actions as bytes, each preceded by its length: texts preceded by their lengths, all numbers in eight bytes, little-endian.
private struct ActionBuffer {
  private(set) var bytes: [UInt8] = []
  private var position = 0
  /// Stands for a missing time.
  private static let noTime = Int64.min

  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    position = 0
  }

  mutating func append(_ more: [UInt8]) {
    bytes.removeFirst(position)
    position = 0
    bytes += more
  }

  mutating func append(_ action: Action) {
    let entry = action.entry
    let texts = [entry.key.bytes, Array((entry.etag ?? "").utf8), Array((action.targetTag ?? "").utf8)]
    append(number: 1 + texts.reduce(0) { $0 + 8 + Int64($1.count) } + 3 * 8)
    bytes.append(action.kind.rawValue)
    for text in texts {
      append(number: Int64(text.count))
      bytes += text
    }
    append(number: entry.size)
    append(number: entry.modified?.seconds ?? Self.noTime)
    append(number: Int64(entry.modified?.nanoseconds ?? 0))
  }

  /// Nil where not all of the next action is here.
  mutating func next() -> Action? {
    guard bytes.count - position >= 8, Int64(bytes.count - position - 8) >= number(at: position) else { return nil }
    position += 8
    guard let kind = Action.Kind(rawValue: bytes[position]) else { return nil }
    position += 1
    let key = Key(bytes: takeBytes())
    let etag = takeText()
    let targetTag = takeText()
    let size = takeNumber()
    let seconds = takeNumber()
    let nanoseconds = Int32(truncatingIfNeeded: takeNumber())
    let modified = seconds == Self.noTime ? nil : Timestamp(seconds: seconds, nanoseconds: nanoseconds)
    return Action(kind: kind, entry: Entry(key: key, size: size, modified: modified, etag: etag), targetTag: targetTag)
  }

  private mutating func append(number: Int64) {
    for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: number >> Int64(shift))) }
  }

  private mutating func takeBytes() -> [UInt8] {
    let count = Int(takeNumber())
    position += count
    return Array(bytes[position - count..<position])
  }

  private mutating func takeText() -> String? {
    let bytes = takeBytes()
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }

  private mutating func takeNumber() -> Int64 {
    defer { position += 8 }
    return number(at: position)
  }

  private func number(at start: Int) -> Int64 {
    (0..<8).reduce(0) { $0 | Int64(bytes[start + $1]) << Int64(8 * $1) }
  }
}
