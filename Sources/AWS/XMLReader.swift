// A small strict reader of the XML that S3 and STS return: elements and text, no DTD, no namespaces.

import ASCII

/// Pulls one event after the other out of a document. Attributes are passed over; comments and instructions too.
package struct XMLReader {
  package enum Event: Equatable {
    case start(String)
    case text([UInt8])
    case end
    case endOfDocument
  }

  /// Documents of the services nest four or five levels.
  static let maximumDepth = 32

  private enum State {
    /// Before the root element.
    case prolog
    /// Inside the element opened last.
    case content
    /// Behind `<name/>`, whose end has not been given yet.
    case selfClosed
    /// After the root element.
    case epilog
  }

  private let bytes: [UInt8]
  private var position = 0
  /// The names of the elements that are open.
  private var open: [Range<Int>] = []
  private var state = State.prolog

  package init(_ bytes: [UInt8]) {
    self.bytes = bytes
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
  }

  /// The next event. Text between elements is given as it stands, white space included; adjacent pieces of text
  /// (an entity, a CDATA section) come as one.
  package mutating func next() throws(XMLError) -> Event {
    if state == .selfClosed {
      endElement()
      return .end
    }
    var text = [UInt8]()
    while position < bytes.count {
      let byte = bytes[position]
      if byte != UInt8(ascii: "<") {
        if byte == UInt8(ascii: "&") {
          try appendReference(to: &text)
        } else {
          guard byte >= 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else {
            throw .malformed(offset: position)
          }
          text.append(byte)
          position += 1
        }
        continue
      }
      if starts(with: "<!--") {
        try skip(past: "-->")
      } else if starts(with: "<?") {
        try skip(past: "?>")
      } else if starts(with: "<![CDATA[") {
        position += 9
        let from = position
        try skip(past: "]]>")
        text += bytes[from..<position - 3]
      } else if starts(with: "<!") {
        throw .forbidden(offset: position)
      } else {
        if !text.isEmpty {
          if !open.isEmpty { return .text(text) }
          guard text.allSatisfy(\.isASCIIWhitespace) else { throw .malformed(offset: position) }
          text = []
        }
        return try tag()
      }
    }
    guard state == .epilog else { throw .truncated }
    guard text.allSatisfy(\.isASCIIWhitespace) else { throw .malformed(offset: position) }
    return .endOfDocument
  }

  private mutating func tag() throws(XMLError) -> Event {
    let start = position
    position += 1
    let closes = position < bytes.count && bytes[position] == UInt8(ascii: "/")
    if closes { position += 1 }
    let from = position
    while position < bytes.count, isName(bytes[position]) { position += 1 }
    let name = from..<position
    guard !name.isEmpty else { throw position < bytes.count ? .malformed(offset: start) : .truncated }
    if closes {
      skipSpace()
      guard position < bytes.count else { throw .truncated }
      guard bytes[position] == UInt8(ascii: ">"), let opened = open.last, bytes[opened] == bytes[name] else {
        throw .malformed(offset: start)
      }
      position += 1
      endElement()
      return .end
    }
    guard state != .epilog else { throw .malformed(offset: start) }
    try skipAttributes()
    guard position < bytes.count else { throw .truncated }
    let isEmpty = bytes[position] == UInt8(ascii: "/")
    if isEmpty {
      position += 1
      guard position < bytes.count else { throw .truncated }
    }
    guard bytes[position] == UInt8(ascii: ">") else { throw .malformed(offset: position) }
    position += 1
    guard open.count < Self.maximumDepth else { throw .tooDeep }
    open.append(name)
    state = isEmpty ? .selfClosed : .content
    return .start(String(decoding: bytes[name], as: UTF8.self))
  }

  private mutating func endElement() {
    open.removeLast()
    state = open.isEmpty ? .epilog : .content
  }

  private mutating func skipAttributes() throws(XMLError) {
    while true {
      skipSpace()
      guard position < bytes.count else { throw .truncated }
      guard isName(bytes[position]) else { return }
      while position < bytes.count, isName(bytes[position]) { position += 1 }
      skipSpace()
      guard position + 1 < bytes.count else { throw .truncated }
      guard bytes[position] == UInt8(ascii: "=") else { throw .malformed(offset: position) }
      position += 1
      skipSpace()
      guard position < bytes.count else { throw .truncated }
      let quote = bytes[position]
      guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { throw .malformed(offset: position) }
      position += 1
      while position < bytes.count, bytes[position] != quote {
        guard bytes[position] != UInt8(ascii: "<") else { throw .malformed(offset: position) }
        position += 1
      }
      position += 1
    }
  }

  /// `&amp;` `&lt;` `&gt;` `&quot;` `&apos;` `&#10;` `&#xA;`
  private mutating func appendReference(to text: inout [UInt8]) throws(XMLError) {
    let start = position
    let limit = min(bytes.count, start + 12)
    var end = start + 1
    while end < limit, bytes[end] != UInt8(ascii: ";") { end += 1 }
    guard end < bytes.count else { throw .truncated }
    guard end < limit else { throw .malformed(offset: start) }
    let name = String(decoding: bytes[start + 1..<end], as: UTF8.self)
    position = end + 1
    switch name {
    case "amp": text.append(UInt8(ascii: "&"))
    case "lt": text.append(UInt8(ascii: "<"))
    case "gt": text.append(UInt8(ascii: ">"))
    case "quot": text.append(UInt8(ascii: "\""))
    case "apos": text.append(UInt8(ascii: "'"))
    default:
      guard name.hasPrefix("#") else { throw .forbidden(offset: start) }
      let digits = name.dropFirst()
      let value = digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
      guard let value, let scalar = Unicode.Scalar(value) else { throw .malformed(offset: start) }
      text.append(contentsOf: String(Character(scalar)).utf8)
    }
  }

  private mutating func skipSpace() {
    while position < bytes.count, bytes[position].isASCIIWhitespace { position += 1 }
  }

  private func starts(with text: StaticString) -> Bool {
    guard bytes.count - position >= text.utf8CodeUnitCount else { return false }
    return text.withUTF8Buffer { unsafe bytes[position...].starts(with: $0) }
  }

  private mutating func skip(past text: StaticString) throws(XMLError) {
    while position < bytes.count {
      if starts(with: text) {
        position += text.utf8CodeUnitCount
        return
      }
      position += 1
    }
    throw .truncated
  }
}

private func isName(_ byte: UInt8) -> Bool {
  byte.isASCIILetter || byte.isASCIIDigit || byte >= 0x80 || "-_.:".utf8.contains(byte)
}
