// The grammar of RFC 8259, one function a rule; recursion is bounded by the depth limit.

import ASCII

struct JSONParser {
  private typealias Malformed = JSONDocument.Malformed
  private let bytes: [UInt8]
  private let end: Int
  private var at = 0
  private var depth = 0
  private var values = 0

  private let acceptsAnyBytes: Bool

  init(_ bytes: [UInt8], acceptsAnyBytes: Bool) {
    self.bytes = bytes
    self.acceptsAnyBytes = acceptsAnyBytes
    end = bytes.count
  }

  /// The text's one value, with nothing but blanks around it.
  ///
  /// - Parameter text: where the bytes given to `init` lie.
  mutating func parse(_ text: UnsafeBufferPointer<UInt8>) throws(JSONDocument.Malformed) -> JSONDocument.Value {
    let value = try unsafe value(text)
    unsafe skipBlanks(text)
    guard at == end else { throw .syntax(offset: at) }
    return value
  }

  private mutating func value(_ text: UnsafeBufferPointer<UInt8>) throws(Malformed) -> JSONDocument.Value {
    unsafe skipBlanks(text)
    guard at < end else { throw .syntax(offset: at) }
    values += 1
    guard values <= JSONDocument.valueLimit else { throw .tooManyValues(limit: JSONDocument.valueLimit) }
    switch unsafe text[at] {
    case UInt8(ascii: "{"):
      return try unsafe nested(text) { (parser, text) throws(Malformed) in try unsafe parser.object(text) }
    case UInt8(ascii: "["):
      return try unsafe nested(text) { (parser, text) throws(Malformed) in try unsafe parser.array(text) }
    case UInt8(ascii: "\""): return .string(try unsafe string(text))
    case UInt8(ascii: "t"): return try unsafe word("true", text, .boolean(true))
    case UInt8(ascii: "f"): return try unsafe word("false", text, .boolean(false))
    case UInt8(ascii: "n"): return try unsafe word("null", text, .null)
    default: return .number(try unsafe number(text))
    }
  }

  private mutating func nested(
    _ text: UnsafeBufferPointer<UInt8>,
    _ rule: (inout JSONParser, UnsafeBufferPointer<UInt8>) throws(Malformed) -> JSONDocument.Value
  ) throws(Malformed) -> JSONDocument.Value {
    depth += 1
    guard depth <= JSONDocument.depthLimit else { throw .tooDeep(limit: JSONDocument.depthLimit) }
    let value = try unsafe rule(&self, text)
    depth -= 1
    return value
  }

  private mutating func object(_ text: UnsafeBufferPointer<UInt8>) throws(Malformed) -> JSONDocument.Value {
    let start = at
    at += 1
    var members: [JSONDocument.Member] = []
    var keys = JSONKeys()
    if unsafe take("}", text) { return .object([], start..<at) }
    repeat {
      unsafe skipBlanks(text)
      let keyStart = at
      guard at < end, unsafe text[at] == UInt8(ascii: "\"") else { throw .syntax(offset: at) }
      let place = try unsafe string(text)
      let key = place.hasEscapes ? unescape(bytes[place.range])[...] : bytes[place.range]
      guard keys.insert(key) else { throw .duplicateKey(offset: keyStart) }
      guard unsafe take(":", text) else { throw .syntax(offset: at) }
      members.append(JSONDocument.Member(key: key, keyText: place, value: try unsafe value(text)))
    } while unsafe take(",", text)
    guard unsafe take("}", text) else { throw .syntax(offset: at) }
    return .object(members, start..<at)
  }

  private mutating func array(_ text: UnsafeBufferPointer<UInt8>) throws(Malformed) -> JSONDocument.Value {
    let start = at
    at += 1
    var elements: [JSONDocument.Value] = []
    if unsafe take("]", text) { return .array([], start..<at) }
    repeat { elements.append(try unsafe value(text)) } while unsafe take(",", text)
    guard unsafe take("]", text) else { throw .syntax(offset: at) }
    return .array(elements, start..<at)
  }

  private mutating func word(
    _ word: StaticString, _ text: UnsafeBufferPointer<UInt8>, _ value: JSONDocument.Value
  ) throws(Malformed) -> JSONDocument.Value {
    let count = word.utf8CodeUnitCount
    guard end - at >= count else { throw .syntax(offset: at) }
    for i in 0..<count {
      guard unsafe text[at + i] == word.utf8Start[i] else { throw .syntax(offset: at + i) }
    }
    at += count
    return value
  }

  private mutating func number(_ text: UnsafeBufferPointer<UInt8>) throws(Malformed) -> Range<Int> {
    let start = at
    if unsafe text[at] == UInt8(ascii: "-") { at += 1 }
    if unsafe at < end && text[at] == UInt8(ascii: "0") { at += 1 } else { try unsafe digits(text) }
    if unsafe at < end && text[at] == UInt8(ascii: ".") {
      at += 1
      try unsafe digits(text)
    }
    if unsafe at < end && text[at] | 0x20 == UInt8(ascii: "e") {
      at += 1
      if unsafe at < end && (text[at] == UInt8(ascii: "+") || text[at] == UInt8(ascii: "-")) { at += 1 }
      try unsafe digits(text)
    }
    return start..<at
  }

  /// One digit or more.
  private mutating func digits(_ text: UnsafeBufferPointer<UInt8>) throws(Malformed) {
    let start = at
    while unsafe at < end && text[at].isASCIIDigit { at += 1 }
    guard at > start else { throw .syntax(offset: at) }
  }

  private mutating func string(_ text: UnsafeBufferPointer<UInt8>) throws(Malformed) -> JSONDocument.JSONString {
    at += 1
    let start = at
    var hasEscapes = false
    while true {
      unsafe skipPlain(text)
      guard at < end else { throw .syntax(offset: at) }
      switch unsafe text[at] {
      case UInt8(ascii: "\""):
        at += 1
        return JSONDocument.JSONString(range: start..<at - 1, hasEscapes: hasEscapes)
      case UInt8(ascii: "\\"):
        hasEscapes = true
        try unsafe escape(text)
      case 0..<0x20: throw .syntax(offset: at)
      case 0x80... where acceptsAnyBytes: at += 1
      case 0x80...: try unsafe scalar(text)
      default: at += 1
      }
    }
  }

  /// Passes eight bytes at a time while all of them are ASCII and neither controls, quotes nor backslashes.
  private mutating func skipPlain(_ text: UnsafeBufferPointer<UInt8>) {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let tops: UInt64 = 0x8080_8080_8080_8080
    while end - at >= 8 {
      let word = unsafe UnsafeRawPointer(text.baseAddress! + at).loadUnaligned(as: UInt64.self)
      let quote = word ^ (ones &* 0x22)
      let slash = word ^ (ones &* 0x5C)
      // A byte's top bit is set where it is under 0x20, or zero after the exclusive or, or not ASCII. A borrow can mark
      // the byte above a true one too; the slow path looks at each byte again.
      let special = (word &- ones &* 0x20) | (quote &- ones) | (slash &- ones) | word
      if special & tops != 0 { return }
      at += 8
    }
  }

  private mutating func escape(_ text: UnsafeBufferPointer<UInt8>) throws(Malformed) {
    guard end - at >= 2 else { throw .syntax(offset: end) }
    switch unsafe text[at + 1] {
    case UInt8(ascii: "u"):
      guard end - at >= 6 else { throw .syntax(offset: end) }
      for i in 2..<6 {
        guard unsafe text[at + i].hexadecimalValue != nil else { throw .syntax(offset: at + i) }
      }
      at += 6
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      at += 2
    default: throw .syntax(offset: at + 1)
    }
  }

  /// One scalar of two to four bytes: well-formed as in Unicode's table 3-7.
  private mutating func scalar(_ text: UnsafeBufferPointer<UInt8>) throws(Malformed) {
    let lead = unsafe text[at]
    let (length, second): (Int, ClosedRange<UInt8>)
    switch lead {
    case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    default: throw .notUTF8(offset: at)
    }
    guard end - at >= length, unsafe second.contains(text[at + 1]) else { throw .notUTF8(offset: at) }
    for i in 2..<length {
      guard unsafe text[at + i] & 0xC0 == 0x80 else { throw .notUTF8(offset: at) }
    }
    at += length
  }

  private mutating func skipBlanks(_ text: UnsafeBufferPointer<UInt8>) {
    while at < end, unsafe text[at] == 0x20 || text[at] == 0x0A || text[at] == 0x0D || text[at] == 0x09 { at += 1 }
  }

  /// Takes one character after blanks, if it is there.
  private mutating func take(_ character: Unicode.Scalar, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
    unsafe skipBlanks(text)
    guard at < end, unsafe text[at] == UInt8(ascii: character) else { return false }
    at += 1
    return true
  }
}
