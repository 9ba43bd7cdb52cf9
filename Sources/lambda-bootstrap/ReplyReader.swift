// A parser of HTTP/1.1 responses (RFC 9112), as far as a client on loopback needs it: heads, counted and chunked
// bodies.

import ASCII
import HTTPFields

/// Parses a response incrementally, from pieces of any size, until it is complete.
struct ReplyReader {
  private enum State: Equatable {
    case statusLine
    case field
    /// Bytes of body still to come; of a chunk, its end line follows.
    case counted(Int)
    case chunkSize
    case chunk(Int)
    case chunkEnd
    case trailer
    /// The body ends with the connection.
    case untilClosed
    case whole
  }

  /// Bytes of a head (with a chunked body's sizes and trailers), and of a body.
  static let headLimit = 256 << 10
  static let bodyLimit = 64 << 20

  private var state = State.statusLine
  private var line: [UInt8] = []
  private var lineBytes = 0
  private(set) var reply = RuntimeReply(status: 0)
  /// Bytes taken so far.
  private(set) var received = 0
  /// Whether another call may follow on the connection.
  private(set) var keepsConnection = true

  var isWhole: Bool { state == .whole }

  mutating func take(_ bytes: ArraySlice<UInt8>) throws(LinkError) {
    received += bytes.count
    var rest = bytes
    while !rest.isEmpty {
      switch state {
      case .counted(let left):
        let count = try takeBody(&rest, atMost: left)
        state = count == left ? .whole : .counted(left - count)
      case .chunk(let left):
        let count = try takeBody(&rest, atMost: left)
        state = count == left ? .chunkEnd : .chunk(left - count)
      case .untilClosed: _ = try takeBody(&rest, atMost: rest.count)
      case .whole:
        // Unsolicited bytes: they must not be taken for the reply to the next call.
        keepsConnection = false
        return
      case .statusLine, .field, .chunkSize, .chunkEnd, .trailer:
        let end = rest.firstIndex(of: UInt8(ascii: "\n"))
        let piece = rest[..<(end ?? rest.endIndex)]
        lineBytes += piece.count + (end == nil ? 0 : 1)
        guard lineBytes <= Self.headLimit else { throw .tooLarge(limit: Self.headLimit) }
        guard let end else {
          line += piece
          return
        }
        if line.isEmpty {
          try takeLine(piece)
        } else {
          try takeLine(line[...] + piece)
          line.removeAll()
        }
        rest = rest[(end + 1)...]
      }
    }
  }

  /// The connection has ended.
  mutating func end() throws(LinkError) {
    guard state == .untilClosed else { throw .closed(received: received) }
    state = .whole
  }

  private mutating func takeBody(_ rest: inout ArraySlice<UInt8>, atMost limit: Int) throws(LinkError) -> Int {
    let count = min(rest.count, limit)
    guard reply.body.count + count <= Self.bodyLimit else { throw .tooLarge(limit: Self.bodyLimit) }
    reply.body += rest.prefix(count)
    rest = rest.dropFirst(count)
    return count
  }

  private mutating func takeLine(_ ended: ArraySlice<UInt8>) throws(LinkError) {
    let line = ended.last == UInt8(ascii: "\r") ? ended.dropLast() : ended
    switch state {
    case .statusLine: try takeStatus(String(decoding: line, as: UTF8.self))
    case .field where line.isEmpty: try beginBody()
    case .field:
      // Values go back into calls and into the environment of commands.
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
        line.allSatisfy({ $0 >= 0x20 || $0 == 0x09 })
      else { throw .malformed }
      let value = line[(colon + 1)...].asciiTrimmed
      reply.headers.append((String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self)))
    case .chunkSize:
      // Chunk extensions after a semicolon are ignored.
      let digits = line.prefix { $0 != UInt8(ascii: ";") }.asciiTrimmed
      guard let size = number(String(decoding: digits, as: UTF8.self), radix: 16) else { throw .malformed }
      state = size == 0 ? .trailer : .chunk(size)
    case .chunkEnd:
      guard line.isEmpty else { throw .malformed }
      state = .chunkSize
    case .trailer: if line.isEmpty { state = .whole }
    case .counted, .chunk, .untilClosed, .whole: preconditionFailure("these take no lines")
    }
  }

  private mutating func takeStatus(_ line: String) throws(LinkError) {
    let words = line.split(separator: " ", maxSplits: 2)
    guard words.count >= 2, words[0] == "HTTP/1.1" || words[0] == "HTTP/1.0", words[1].utf8.count == 3,
      let status = number(String(words[1]), radix: 10), status >= 100
    else { throw .malformed }
    reply.status = status
    keepsConnection = words[0] == "HTTP/1.1"
    state = .field
  }

  /// RFC 9112, section 6.3: how long the body is.
  private mutating func beginBody() throws(LinkError) {
    if reply.status < 200 {
      // An interim response: the one that counts follows.
      reply = RuntimeReply(status: 0)
      state = .statusLine
      return
    }
    if let connection = reply.headers["connection"]?.lowercased() { keepsConnection = connection != "close" }
    if let coding = reply.headers["transfer-encoding"] {
      guard coding.lowercased() == "chunked" else { throw .malformed }
      state = .chunkSize
    } else if let length = reply.headers["content-length"] {
      guard let count = number(length, radix: 10) else { throw .malformed }
      guard count <= Self.bodyLimit else { throw .tooLarge(limit: Self.bodyLimit) }
      reply.body.reserveCapacity(count)
      state = count == 0 ? .whole : .counted(count)
    } else if reply.status == 204 || reply.status == 304 {
      state = .whole
    } else {
      keepsConnection = false
      state = .untilClosed
    }
  }
}

/// Digits alone, at most twelve of them: no sign, no separator.
private func number(_ text: String, radix: Int) -> Int? {
  guard (1...12).contains(text.utf8.count), !text.utf8.contains(where: { $0 == 0x2B || $0 == 0x2D }) else { return nil }
  return Int(text, radix: radix)
}
