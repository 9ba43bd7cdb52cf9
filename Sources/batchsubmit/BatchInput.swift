// Standard input: an event, or a list of objects, one a line.

import POSIX
import S3
import Streams

/// The input, distinguished by its first line: an object record or an `s3://` URI begins a list.
enum BatchInput {
  case list([InputObject])
  case event(Event)

  /// Reads the whole input. Throws `BatchInputError`, and `SystemError` where reading fails.
  ///
  /// An empty input is an empty list: that is what the listing of an empty prefix looks like.
  init(_ input: InputStream) throws {
    var lines = Lines(input)
    guard var line = try lines.nextNotBlank() else {
      self = .list([])
      return
    }
    if line.starts(with: "s3://".utf8) || ObjectRecord(line: line) != nil {
      var objects: [InputObject] = []
      while true {
        guard let record = ObjectRecord(line: line) else { throw BatchInputError.notARecord(line: lines.number) }
        // A URI that ends in a slash is a prefix, which would have to be listed.
        if record.uri.isPrefix, line.starts(with: "s3://".utf8) { throw BatchInputError.prefix("\(record.uri)") }
        objects.append(InputObject(record: record))
        guard let next = try lines.nextNotBlank() else { break }
        line = next
      }
      self = .list(objects)
    } else {
      let event = line + (try lines.rest())
      self = .event(try mapError(BatchInputError.event) { () throws(EventError) in try Event(json: event) })
    }
  }

  /// All objects, in input order.
  var objects: [InputObject] {
    switch self {
    case .list(let objects): objects
    case .event(let event): event.objects
    }
  }

  /// Nil for a list.
  var event: Event? {
    guard case .event(let event) = self else { return nil }
    return event
  }
}

/// Why the input cannot be worked with.
enum BatchInputError: ReportableError, Equatable {
  case event(EventError)
  case notARecord(line: Int)
  case prefix(String)

  var status: ExitStatus { .data }

  var reason: String {
    switch self {
    case .event(let error): "standard input: \(error.sentence)"
    case .notARecord(let line): "standard input: line \(line) is neither an object record nor an s3:// URI"
    case .prefix(let uri): "standard input: \(uri) is a prefix; s3sync --list gives its objects"
    }
  }
}

/// The lines of an input.
private struct Lines {
  private let input: InputStream
  private var buffer: [UInt8] = []
  private var start = 0
  private var isAtEnd = false
  /// Of the line given last, from 1.
  private(set) var number = 0

  init(_ input: InputStream) { self.input = input }

  /// The next line that is not blank, without its end; nil after the last. Longer than any event: throws.
  mutating func nextNotBlank() throws -> [UInt8]? {
    while let line = try next() {
      if line.contains(where: { $0 > 0x20 }) { return Array(line) }
    }
    return nil
  }

  /// All that follows the line given last.
  mutating func rest() throws -> [UInt8] {
    while try fill() {}
    defer { start = buffer.count }
    return Array(buffer[start...])
  }

  private mutating func next() throws -> ArraySlice<UInt8>? {
    var searched = start
    while true {
      if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { start = end + 1 }
        number += 1
        let line = buffer[start..<end]
        return line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      }
      let unsearched = buffer.count - start
      guard try fill() else { break }
      searched = start + unsearched
    }
    guard start < buffer.count else { return nil }
    defer { start = buffer.count }
    number += 1
    return buffer[start...]
  }

  /// Adds to the buffer, dropping what was given; false at the end of the input.
  private mutating func fill() throws -> Bool {
    if isAtEnd { return false }
    buffer.removeFirst(start)
    start = 0
    guard buffer.count <= Event.maximumSize else { throw BatchInputError.event(.tooLarge(bytes: buffer.count)) }
    let more = try input.read(64 << 10)
    buffer += more
    isAtEnd = more.isEmpty
    return !isAtEnd
  }
}
