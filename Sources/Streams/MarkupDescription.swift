// Text recognized by its first characters, in any of the common encodings: HTML, XML, JSON, or just text.

import ASCII

/// Names text.
enum MarkupDescription {
  /// "an HTML page", "an SVG image", "an XML document", "JSON text", "text"; nil for what is not text.
  ///
  /// - Parameter bytes: the first bytes of a file.
  static func of(_ bytes: [UInt8]) -> String? {
    // "<?xml" in EBCDIC (XML 1.0, appendix F).
    if bytes.starts(with: [0x4C, 0x6F, 0xA7, 0x94, 0x93]) { return "an XML document" }
    let encoding = Encoding(bytes)
    let text = encoding.ascii(bytes)
    let words = text.drop(while: \.isASCIIWhitespace).map(\.asciiLowercased)
    return markup(words) ?? json(words) ?? (isText(bytes, encoding, text) ? "text" : nil)
  }

  private static func markup(_ words: [UInt8]) -> String? {
    func has(_ word: String) -> Bool { words.starts(with: word.utf8) }
    func contains(_ word: String) -> Bool {
      let word = Array(word.utf8)
      return words.indices.contains { words[$0...].starts(with: word) }
    }
    guard has("<") else { return nil }
    if has("<svg") || has("<!doctype svg") { return "an SVG image" }
    if has("<?xml") {
      return contains("<svg") ? "an SVG image" : contains("<html") ? "an HTML page" : "an XML document"
    }
    let tags = [
      "<!doctype html", "<html", "<head", "<body", "<title", "<script", "<meta", "<div", "<p>", "<h1", "<!--",
    ]
    if tags.contains(where: has) || contains("<html") { return "an HTML page" }
    let second = words.dropFirst().first ?? 0
    return second.isASCIILetter || [UInt8(ascii: "!"), UInt8(ascii: "?")].contains(second) ? "an XML document" : nil
  }

  /// An object or array begins with one of few characters (RFC 8259, section 2).
  private static func json(_ words: [UInt8]) -> String? {
    guard let first = words.first, let second = words.dropFirst().first(where: { !$0.isASCIIWhitespace }) else {
      return nil
    }
    let opensArray = Array("]{[\"-0123456789tfn".utf8)
    switch first {
    case UInt8(ascii: "{"): return second == UInt8(ascii: "\"") || second == UInt8(ascii: "}") ? "JSON text" : nil
    case UInt8(ascii: "["): return opensArray.contains(second) ? "JSON text" : nil
    default: return nil
    }
  }

  private static func isText(_ bytes: [UInt8], _ encoding: Encoding, _ ascii: [UInt8]) -> Bool {
    guard !bytes.isEmpty,
      ascii.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0.isASCIIWhitespace || $0 == 0x0C || $0 == 0x1B })
    else { return false }
    if encoding.unit > 1 { return true }
    // The last character of a longer text may be cut.
    return (0...(bytes.count < 512 ? 0 : 3)).contains { String(validating: bytes.dropLast($0), as: UTF8.self) != nil }
  }

  /// A text encoding, recognized by a byte order mark or by the zero bytes around ASCII characters.
  private struct Encoding {
    /// Bytes of a character: 1, 2 or 4.
    let unit: Int
    /// The byte of a character that holds an ASCII character's value.
    let offset: Int
    /// Bytes of the byte order mark.
    let mark: Int

    init(_ bytes: [UInt8]) {
      let marks: [([UInt8], Int, Int)] = [
        ([0xEF, 0xBB, 0xBF], 1, 0), ([0xFF, 0xFE, 0, 0], 4, 0), ([0, 0, 0xFE, 0xFF], 4, 3), ([0xFF, 0xFE], 2, 0),
        ([0xFE, 0xFF], 2, 1),
      ]
      if let (mark, unit, offset) = marks.first(where: { bytes.starts(with: $0.0) }) {
        (self.unit, self.offset, self.mark) = (unit, offset, mark.count)
        return
      }
      mark = 0
      switch bytes.prefix(4).map({ $0 == 0 }) {
      case [false, true, true, true]: (unit, offset) = (4, 0)
      case [true, true, true, false]: (unit, offset) = (4, 3)
      case [false, true, false, true]: (unit, offset) = (2, 0)
      case [true, false, true, false]: (unit, offset) = (2, 1)
      default: (unit, offset) = (1, 0)
      }
    }

    /// The text with one byte a character; characters beyond ASCII are 0x80 or more.
    func ascii(_ bytes: [UInt8]) -> [UInt8] {
      if unit == 1 { return Array(bytes[mark...]) }
      return stride(from: mark, to: bytes.count - unit + 1, by: unit).map { at in
        let isASCII = (0..<unit).allSatisfy { $0 == offset || bytes[at + $0] == 0 } && bytes[at + offset] < 0x80
        return isASCII ? bytes[at + offset] : 0x80
      }
    }
  }
}
