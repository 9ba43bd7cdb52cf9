// The Python dictionary in an .npy header: exactly the three keys that NumPy writes, in any order.

import ASCII

/// A reader over the dictionary's text.
struct NpyDictionary {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  mutating func header() throws(NpyHeader.Malformed) -> NpyHeader {
    var type: String?
    var isFortran: Bool?
    var shape: [Int]?
    guard take("{") else { throw .dictionary }
    while !take("}") {
      guard let key = string(), take(":") else { throw .dictionary }
      switch key {
      case "descr" where type == nil: type = string()
      case "fortran_order" where isFortran == nil: isFortran = take("True") ? true : take("False") ? false : nil
      case "shape" where shape == nil: shape = try tuple()
      default: throw .dictionary
      }
      guard take(",") || rest.first == UInt8(ascii: "}") else { throw .dictionary }
    }
    skipBlanks()
    guard rest.isEmpty, let type, let isFortran, let shape else { throw .dictionary }
    guard !type.hasPrefix(">") || type == ">u1" else { throw .bigEndian(type) }
    guard let elementType = NpyHeader.ElementType(rawValue: type) else { throw .elementType(type) }
    guard !isFortran || shape.count <= 1 else { throw .fortranOrder }
    var count = elementType.size
    for length in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: max(length, 1))
      guard !overflow, product <= NpyHeader.maximumByteCount else { throw .shape("\(shape)") }
      count = product
    }
    return NpyHeader(elementType: elementType, shape: shape)
  }

  private mutating func tuple() throws(NpyHeader.Malformed) -> [Int] {
    skipBlanks()
    let text = String(decoding: rest.prefix { $0 != UInt8(ascii: ")") }.prefix(200), as: UTF8.self)
    guard take("(") else { throw .dictionary }
    var lengths: [Int] = []
    while !take(")") {
      skipBlanks()
      let digits = rest.prefix(while: \.isASCIIDigit)
      guard !digits.isEmpty, let length = Int(String(decoding: digits, as: UTF8.self)),
        lengths.count < NpyHeader.maximumRank
      else { throw .shape(text + ")") }
      lengths.append(length)
      rest = rest.dropFirst(digits.count)
      guard take(",") || rest.first == UInt8(ascii: ")") else { throw .dictionary }
    }
    return lengths
  }

  private mutating func string() -> String? {
    skipBlanks()
    guard let quote = rest.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { return nil }
    guard let end = rest.dropFirst().firstIndex(of: quote) else { return nil }
    defer { rest = rest[(end + 1)...] }
    return String(decoding: rest[(rest.startIndex + 1)..<end], as: UTF8.self)
  }

  private mutating func take(_ token: String) -> Bool {
    skipBlanks()
    guard rest.starts(with: token.utf8) else { return false }
    rest = rest.dropFirst(token.utf8.count)
    return true
  }

  private mutating func skipBlanks() {
    rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\t") }
  }
}
