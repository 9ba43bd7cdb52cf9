// multipart/form-data (RFC 7578) as browsers, curl and scripts send it: the one file among its parts.

enum Multipart {
  enum Malformed: Error, Equatable {
    case noBoundary
    case notMultipart
    case noFile
    case severalFiles
  }

  /// The bytes of the one file of a body. A file input that was left empty is not a file.
  ///
  /// - Parameter contentType: the request's, with its `boundary`.
  static func file(in body: ArraySlice<UInt8>, contentType: String) throws(Malformed) -> ArraySlice<UInt8> {
    guard let boundary = MediaType(contentType).parameters["boundary"], (1...70).contains(boundary.utf8.count) else {
      throw .noBoundary
    }
    // What precedes the first delimiter is a preamble, what follows the last an epilogue.
    guard var delimiter = nextDelimiter(Array("--\(boundary)".utf8), in: body) else { throw .notMultipart }
    var found: ArraySlice<UInt8>?
    while !delimiter.isLast {
      guard let next = nextDelimiter(Array("--\(boundary)".utf8), in: body[delimiter.end...]) else {
        throw .notMultipart
      }
      if let file = try file(body[delimiter.end..<max(next.start, delimiter.end)]) {
        guard found == nil else { throw .severalFiles }
        found = file
      }
      delimiter = next
    }
    guard let found else { throw .noFile }
    return found
  }

  // MARK: Delimiters

  /// A line of dashes and the boundary.
  private struct Delimiter {
    /// Where the line end before it begins: the end of the part above.
    let start: Int
    /// Behind its line end: the start of the part below.
    let end: Int
    let isLast: Bool
  }

  /// The next line that is a delimiter, blanks at its end allowed (RFC 2046, transport padding), with CRLF or LF.
  private static func nextDelimiter(_ dashes: [UInt8], in bytes: ArraySlice<UInt8>) -> Delimiter? {
    var from = bytes.startIndex
    while let at = firstIndex(of: dashes, in: bytes[from...]) {
      from = at + 1
      let isLineStart = at == bytes.startIndex || bytes[at - 1] == UInt8(ascii: "\n")
      guard isLineStart, let tail = lineTail(bytes[(at + dashes.count)...]) else { continue }
      var start = at
      if start > bytes.startIndex {
        start -= 1
        if start > bytes.startIndex, bytes[start - 1] == UInt8(ascii: "\r") { start -= 1 }
      }
      return Delimiter(start: start, end: tail.end, isLast: tail.isLast)
    }
    return nil
  }

  /// What follows the boundary on its line: nothing, or the two dashes of the last one. nil where it is another text.
  private static func lineTail(_ bytes: ArraySlice<UInt8>) -> (end: Int, isLast: Bool)? {
    if bytes.starts(with: Array("--".utf8)) { return (bytes.endIndex, true) }
    var rest = bytes.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    if rest.first == UInt8(ascii: "\r") { rest = rest.dropFirst() }
    guard rest.first == UInt8(ascii: "\n") else { return nil }
    return (rest.startIndex + 1, false)
  }

  // MARK: Parts

  /// The content of a part that has a file name; nil for other fields and for empty file inputs.
  private static func file(_ part: ArraySlice<UInt8>) throws(Malformed) -> ArraySlice<UInt8>? {
    var rest = part
    var fileName: String?
    while true {
      guard let newline = rest.firstIndex(of: UInt8(ascii: "\n")) else { throw .notMultipart }
      var line = rest[..<newline]
      rest = rest[(newline + 1)...]
      if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
      if line.isEmpty { break }
      let text = String(decoding: line, as: UTF8.self)
      guard let colon = text.firstIndex(of: ":") else { throw .notMultipart }
      if text[..<colon].lowercased() == "content-disposition" {
        let parameters = MediaType(String(text[text.index(after: colon)...])).parameters
        fileName = parameters["filename"] ?? parameters["filename*"]
      }
    }
    guard let fileName, !(fileName.isEmpty && rest.isEmpty) else { return nil }
    return rest
  }

  /// Where the pattern begins; looks closer only at its first byte, a dash.
  private static func firstIndex(of pattern: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
    unsafe bytes.withUnsafeBufferPointer { buffer in
      var at = 0
      while buffer.count - at >= pattern.count {
        guard let next = unsafe buffer[at...(buffer.count - pattern.count)].firstIndex(of: pattern[0]) else {
          return nil
        }
        if unsafe buffer[next..<next + pattern.count].elementsEqual(pattern) { return bytes.startIndex + next }
        at = next + 1
      }
      return nil
    }
  }
}
