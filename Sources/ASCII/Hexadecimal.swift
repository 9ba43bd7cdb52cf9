// Hexadecimal (RFC 4648, section 8).

extension UInt8 {
  /// The value of a hexadecimal digit in either case, 0 ... 15; nil for any other byte.
  @inlinable package var hexadecimalValue: UInt8? {
    switch self {
    case 0x30...0x39: self - 0x30
    case 0x41...0x46: self - 0x41 + 10
    case 0x61...0x66: self - 0x61 + 10
    default: nil
    }
  }

  /// The digit of a value 0 ... 15, in lower case or in capitals.
  @inlinable package static func hexadecimalDigit(_ value: UInt8, capital: Bool = false) -> UInt8 {
    value < 10 ? 0x30 + value : (capital ? 0x37 : 0x57) + value
  }
}

/// The bytes in lower-case hexadecimal digits.
package func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  var text: [UInt8] = []
  for byte in bytes {
    text.append(.hexadecimalDigit(byte >> 4))
    text.append(.hexadecimalDigit(byte & 15))
  }
  return String(decoding: text, as: UTF8.self)
}

/// Decodes hexadecimal digits in either case; nil for any other character or an odd number of digits.
package func bytes(hexadecimal text: some Collection<UInt8>) -> [UInt8]? {
  guard text.count.isMultiple(of: 2) else { return nil }
  var result: [UInt8] = []
  var iterator = text.makeIterator()
  while let first = iterator.next(), let second = iterator.next() {
    guard let high = first.hexadecimalValue, let low = second.hexadecimalValue else { return nil }
    result.append(high << 4 | low)
  }
  return result
}
