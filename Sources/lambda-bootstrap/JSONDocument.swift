// A strict, bounded JSON reader (RFC 8259): strings and numbers are decoded only on request.

import ASCII

/// A JSON text and the tree of its values. Reading copies no string: a 6 MB body costs one scan.
struct JSONDocument {
  enum Value {
    case null
    case boolean(Bool)
    /// Any number of the grammar, however large: its digits' place in the text.
    case number(Range<Int>)
    case string(JSONString)
    case array([Value], Range<Int>)
    case object([Member], Range<Int>)
  }

  struct Member {
    /// A part of the text, unless it has escapes.
    let key: ArraySlice<UInt8>
    /// The key as it stands in the text.
    let keyText: JSONString
    let value: Value
  }

  /// A string's place in the text, between its quotes.
  struct JSONString {
    let range: Range<Int>
    let hasEscapes: Bool
  }

  enum Malformed: Error, Equatable {
    case syntax(offset: Int)
    case notUTF8(offset: Int)
    case duplicateKey(offset: Int)
    case tooDeep(limit: Int)
    case tooManyValues(limit: Int)

    /// One sentence without a line end.
    var sentence: String {
      switch self {
      case .syntax(let offset): "a syntax error at byte \(offset)"
      case .notUTF8(let offset): "a string that is not UTF-8 at byte \(offset)"
      case .duplicateKey(let offset): "a key for the second time at byte \(offset)"
      case .tooDeep(let limit): "nested more than \(limit) deep"
      case .tooManyValues(let limit): "more than \(limit) values"
      }
    }
  }

  /// Arrays and objects inside one another; an HTTP event has four.
  static let depthLimit = 64
  /// An HTTP event has a few hundred.
  static let valueLimit = 20_000

  let bytes: [UInt8]
  let root: Value

  /// - Parameter acceptsAnyBytes: strings may have bytes that are not UTF-8, as those of a header may be; as text they are U+FFFD.
  init(_ bytes: [UInt8], acceptsAnyBytes: Bool = false) throws(Malformed) {
    self.bytes = bytes
    var parser = JSONParser(bytes, acceptsAnyBytes: acceptsAnyBytes)
    root = try unsafe bytes.withUnsafeBufferPointer { (text) throws(Malformed) in try unsafe parser.parse(text) }
  }

  /// The bytes of a string with its escapes resolved.
  func text(_ string: JSONString) -> [UInt8] {
    guard string.hasEscapes else { return Array(bytes[string.range]) }
    return unescape(bytes[string.range])
  }

  /// The text of a value as it stands.
  func raw(_ value: Value) -> ArraySlice<UInt8> {
    switch value {
    case .null: Array("null".utf8)[...]
    case .boolean(let value): Array((value ? "true" : "false").utf8)[...]
    case .number(let range), .array(_, let range), .object(_, let range): bytes[range]
    case .string(let string): raw(string)
    }
  }

  /// A string as it stands, with its quotes.
  func raw(_ string: JSONString) -> ArraySlice<UInt8> {
    bytes[string.range.lowerBound - 1..<string.range.upperBound + 1]
  }

  /// A string value as Swift's own; nil for any other value.
  func string(_ value: Value?) -> String? {
    guard case .string(let string)? = value else { return nil }
    return String(decoding: text(string), as: UTF8.self)
  }
}

extension JSONDocument.Value {
  /// The member of an object with this name; nil where there is none or the value is not an object.
  subscript(name: String) -> JSONDocument.Value? {
    guard case .object(let members, _) = self else { return nil }
    return members.first { $0.key.elementsEqual(name.utf8) }?.value
  }

  var members: [JSONDocument.Member] {
    if case .object(let members, _) = self { members } else { [] }
  }
}

/// Resolves the escapes of a string that the parser has accepted; a lone surrogate becomes U+FFFD.
func unescape(_ text: ArraySlice<UInt8>) -> [UInt8] {
  var result: [UInt8] = []
  result.reserveCapacity(text.count)
  var at = text.startIndex
  while at < text.endIndex {
    guard text[at] == UInt8(ascii: "\\") else {
      result.append(text[at])
      at += 1
      continue
    }
    switch text[at + 1] {
    case UInt8(ascii: "b"): result.append(8)
    case UInt8(ascii: "f"): result.append(12)
    case UInt8(ascii: "n"): result.append(10)
    case UInt8(ascii: "r"): result.append(13)
    case UInt8(ascii: "t"): result.append(9)
    case UInt8(ascii: "u"):
      var unit = hexadecimal(text[at + 2..<at + 6])
      at += 4
      if unit & 0xFC00 == 0xD800, at + 8 <= text.endIndex, text[at + 2] == UInt8(ascii: "\\"),
        text[at + 3] == UInt8(ascii: "u")
      {
        let low = hexadecimal(text[at + 4..<at + 8])
        if low & 0xFC00 == 0xDC00 {
          unit = 0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF
          at += 6
        }
      }
      result += String(Unicode.Scalar(unit) ?? "\u{FFFD}").utf8
    case let other: result.append(other)
    }
    at += 2
  }
  return result
}

/// The number of digits that the parser has accepted.
private func hexadecimal(_ digits: ArraySlice<UInt8>) -> UInt32 {
  digits.reduce(0) { $0 << 4 | UInt32($1.hexadecimalValue ?? 0) }
}
