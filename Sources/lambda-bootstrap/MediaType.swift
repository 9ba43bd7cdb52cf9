// Content types and dispositions with their parameters (RFC 9110, 5.6.6).

import ASCII

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
    name = pieces[0].asciiTrimmed.asciiLowercased
    var parameters: [String: String] = [:]
    for piece in pieces.dropFirst() {
      guard let equals = piece.firstIndex(of: "=") else { continue }
      let key = piece[..<equals].asciiTrimmed.asciiLowercased
      if parameters[key] == nil { parameters[key] = piece[piece.index(after: equals)...].asciiTrimmed }
    }
    self.parameters = parameters
  }
}
