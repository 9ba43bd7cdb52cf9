// multipart/form-data (RFC 7578) as browsers send it: the one file among its parts.

enum Multipart {
  enum Malformed: Error, Equatable {
    case noBoundary
    case notMultipart
    case noFile
    case severalFiles
  }

  /// A part that has a file name.
  struct File: Equatable {
    let contentType: String?
    let bytes: ArraySlice<UInt8>
  }

  /// The one file of a body.
  ///
  /// - Parameter contentType: the request's, with its `boundary`.
  static func file(in body: ArraySlice<UInt8>, contentType: String) throws(Malformed) -> File {
    guard let boundary = MediaType(contentType).parameters["boundary"], (1...70).contains(boundary.utf8.count) else {
      throw .noBoundary
    }
    let dashes = Array("--\(boundary)".utf8)
    let delimiter = Array("\r\n".utf8) + dashes
    // The first delimiter may stand at the very start, or after a preamble.
    guard var rest = body.starts(with: dashes) ? body.dropFirst(dashes.count) : after(delimiter, in: body) else {
      throw .notMultipart
    }
    var found: File?
    while !rest.starts(with: Array("--".utf8)) {
      guard rest.starts(with: Array("\r\n".utf8)), let end = firstIndex(of: delimiter, in: rest) else {
        throw .notMultipart
      }
      if let file = try part(rest[(rest.startIndex + 2)..<end]) {
        guard found == nil else { throw .severalFiles }
        found = file
      }
      rest = rest[(end + delimiter.count)...]
    }
    guard let found else { throw .noFile }
    return found
  }

  /// A part's headers and, where it has a file name, its content.
  private static func part(_ part: ArraySlice<UInt8>) throws(Malformed) -> File? {
    let blank = Array("\r\n\r\n".utf8)
    let headers: ArraySlice<UInt8>
    let content: ArraySlice<UInt8>
    if part.starts(with: Array("\r\n".utf8)) {
      (headers, content) = (part.prefix(0), part.dropFirst(2))
    } else if let end = firstIndex(of: blank, in: part) {
      (headers, content) = (part[..<end], part[(end + blank.count)...])
    } else {
      throw .notMultipart
    }
    var isFile = false
    var contentType: String?
    for line in String(decoding: headers, as: UTF8.self).split(separator: "\r\n") {
      guard let colon = line.firstIndex(of: ":") else { throw .notMultipart }
      let value = String(line[line.index(after: colon)...])
      switch line[..<colon].lowercased() {
      case "content-disposition":
        let parameters = MediaType(value).parameters
        isFile = parameters["filename"] != nil || parameters["filename*"] != nil
      case "content-type": contentType = value
      default: break
      }
    }
    return isFile ? File(contentType: contentType, bytes: content) : nil
  }

  private static func after(_ pattern: [UInt8], in bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    firstIndex(of: pattern, in: bytes).map { bytes[($0 + pattern.count)...] }
  }

  /// Where the pattern begins; looks closer only at its first byte, a carriage return.
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

/// A media type or disposition with its parameters: `multipart/form-data; boundary="x"`.
struct MediaType: Equatable {
  /// In lower case.
  let name: String
  /// Names in lower case, values without their quotes; the first of a repeated one.
  let parameters: [String: String]

  init(_ text: String) {
    var pieces: [String] = [""]
    var isQuoted = false
    var isEscaped = false
    for character in text {
      if isEscaped {
        pieces[pieces.count - 1].append(character)
        isEscaped = false
      } else if isQuoted && character == "\\" {
        isEscaped = true
      } else if character == "\"" {
        isQuoted.toggle()
      } else if character == ";" && !isQuoted {
        pieces.append("")
      } else {
        pieces[pieces.count - 1].append(character)
      }
    }
    name = trimmed(pieces[0]).lowercased()
    var parameters: [String: String] = [:]
    for piece in pieces.dropFirst() {
      guard let equals = piece.firstIndex(of: "=") else { continue }
      let key = trimmed(String(piece[..<equals])).lowercased()
      if parameters[key] == nil { parameters[key] = trimmed(String(piece[piece.index(after: equals)...])) }
    }
    self.parameters = parameters
  }
}

private func trimmed(_ text: String) -> String {
  String(text.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
}
