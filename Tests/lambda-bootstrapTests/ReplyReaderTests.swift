// HTTP responses as they come from the Runtime API: whole, cut at every byte, and in every malformed form.
import HTTPFields
import Testing

@testable import lambda_bootstrap

private func read(_ text: String, pieces: Int = .max, thenEnd: Bool = false) throws(LinkError) -> ReplyReader {
  var reader = ReplyReader()
  var rest = Array(text.utf8)[...]
  while !rest.isEmpty {
    try reader.take(rest.prefix(pieces))
    rest = rest.dropFirst(pieces)
  }
  if thenEnd { try reader.end() }
  return reader
}

@Suite struct Replies {
  static let whole: [(text: String, body: String, keeps: Bool)] = [
    ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", true),
    ("HTTP/1.1 200 \r\ncontent-length:5  \r\n\r\nhello", "hello", true),
    ("HTTP/1.1 200\ncontent-length: 0\n\n", "", true),
    ("HTTP/1.1 204 No\r\n\r\n", "", true),
    ("HTTP/1.1 202 A\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "", true),
    (
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: v\r\n\r\n",
      "abc0123456789", true
    ),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n2\r\nab\r\n0\r\n\r\n", "ab", true),
    ("HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", "x", true),
    ("HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 1\r\n\r\nx", "x", false),
    ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", "x", false),
    ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx", "x", true),
    ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy", "x", false),
  ]

  @Test(arguments: whole) func isReadHoweverItIsCut(text: String, body: String, keeps: Bool) throws {
    for pieces in [1, 2, 3, 7, 64, .max] {
      let reader = try read(text, pieces: pieces)
      #expect(reader.isWhole && reader.keepsConnection == keeps, "\(text) in pieces of \(pieces)")
      #expect(reader.reply.body == Array(body.utf8))
    }
  }

  @Test(arguments: whole.dropLast()) func isNotWholeBeforeItsEnd(text: String, body: String, keeps: Bool) throws {
    for end in 0..<text.utf8.count {
      var reader = try read(String(decoding: Array(text.utf8.prefix(end)), as: UTF8.self))
      #expect(!reader.isWhole)
      #expect(throws: LinkError.closed(received: end)) { try reader.end() }
    }
  }

  @Test func endsWithTheConnectionWhenNothingSaysHowLongItIs() throws {
    let reader = try read("HTTP/1.1 200 OK\r\n\r\nall of it", thenEnd: true)
    #expect(reader.isWhole && !reader.keepsConnection && reader.reply.body == Array("all of it".utf8))
  }

  @Test func fieldsAreFoundWhateverTheirCase() throws {
    let reply = try read("HTTP/1.1 202 OK\r\nA-b:  x: y \r\na-B: z\r\nEmpty:\r\ncontent-length: 0\r\n\r\n").reply
    #expect(reply.status == 202 && reply.headers["A-B"] == "x: y" && reply.headers["empty"] == "")
    #expect(reply.headers["missing"] == nil)
  }

  @Test(arguments: [
    "nonsense\r\n", "\r\n", "HTTP/1.1\r\n", "HTTP/1.1 20 OK\r\n", "HTTP/1.1 2000 OK\r\n", "HTTP/1.1 +20 OK\r\n",
    "HTTP/1.1 099 OK\r\n", "HTTP/2 200 OK\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n", "HTTP/1.1 200 OK\r\n: empty\r\n",
    "HTTP/1.1 200 OK\r\na: b\rc\r\n", "HTTP/1.1 200 OK\r\na: \u{0}\r\n",
    "HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: +5\r\n\r\n",
    "HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\n",
    "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n",
  ])
  func whatIsNone(text: String) {
    #expect(throws: LinkError.malformed) { try read(text) }
  }

  @Test func lengthsAreBounded() {
    #expect(throws: LinkError.tooLarge(limit: ReplyReader.headLimit)) {
      try read("HTTP/1.1 200 OK\r\na: " + String(repeating: "x", count: ReplyReader.headLimit))
    }
    #expect(throws: LinkError.tooLarge(limit: ReplyReader.bodyLimit)) {
      try read("HTTP/1.1 200 OK\r\ncontent-length: \(ReplyReader.bodyLimit + 1)\r\n\r\n")
    }
    #expect(throws: LinkError.tooLarge(limit: ReplyReader.bodyLimit)) {
      var reader = try read("HTTP/1.1 200 OK\r\n\r\n")
      let piece = [UInt8](repeating: 0, count: 1 << 20)
      for _ in 0...64 { try reader.take(piece[...]) }
    }
  }
}

@Suite struct Calls {
  @Test func theHeadIsWhatTheRuntimeAPIWants() {
    let next = RuntimeCall(method: "GET", path: "/a")
    #expect(String(decoding: next.head(host: "h:1"), as: UTF8.self) == "GET /a HTTP/1.1\r\nhost: h:1\r\n\r\n")
    let post = RuntimeCall(method: "POST", path: "/b", headers: [("x-y", "z")], body: [1, 2, 3])
    #expect(
      String(decoding: post.head(host: "h:1"), as: UTF8.self)
        == "POST /b HTTP/1.1\r\nhost: h:1\r\nx-y: z\r\ncontent-length: 3\r\n\r\n")
  }

  @Test(arguments: ["", "nothing", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999999"]) func badAddresses(address: String)
  {
    #expect(throws: LinkError.self) { _ = try connected(to: address) }
  }
}
