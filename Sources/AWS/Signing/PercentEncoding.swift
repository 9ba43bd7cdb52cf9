// Percent-encoding as signatures want it: RFC 3986's unreserved bytes stay, every other byte becomes %XX in capitals.

import ASCII

/// Appends the bytes percent-encoded.
///
/// - Parameter keepingSlash: `/` stays as it is, as in a path.
package func appendPercentEncoded(_ bytes: some Sequence<UInt8>, keepingSlash: Bool = false, to text: inout [UInt8]) {
  for byte in bytes {
    if isUnreserved(byte) || (keepingSlash && byte == UInt8(ascii: "/")) {
      text.append(byte)
    } else {
      text.append(UInt8(ascii: "%"))
      text.append(.hexadecimalDigit(byte >> 4, capital: true))
      text.append(.hexadecimalDigit(byte & 15, capital: true))
    }
  }
}

/// The bytes percent-encoded.
package func percentEncoded(_ bytes: some Sequence<UInt8>, keepingSlash: Bool = false) -> String {
  var text = [UInt8]()
  appendPercentEncoded(bytes, keepingSlash: keepingSlash, to: &text)
  return String(decoding: text, as: UTF8.self)
}

/// The bytes that a percent-encoded text stands for; nil where a `%` is not followed by two hexadecimal digits.
func percentDecoded(_ text: some Collection<UInt8>) -> [UInt8]? {
  var result = [UInt8]()
  result.reserveCapacity(text.count)
  var iterator = text.makeIterator()
  while let byte = iterator.next() {
    if byte != UInt8(ascii: "%") {
      result.append(byte)
      continue
    }
    guard let high = iterator.next()?.hexadecimalValue, let low = iterator.next()?.hexadecimalValue else { return nil }
    result.append(high << 4 | low)
  }
  return result
}

/// What a form-encoded text stands for, as S3 writes keys in its listings and events: `+` is a space, then `%XX` is a
/// byte; nil where a `%` is followed by anything else.
package func formDecoded(_ text: some Sequence<UInt8>) -> [UInt8]? {
  percentDecoded(text.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 })
}

/// The text with the digits of its escapes in capitals: `%2f` becomes `%2F`, which stands for the same byte
/// (RFC 3986, 6.2.2.1).
func capitalizingEscapes(_ text: some StringProtocol) -> String {
  var bytes = Array(text.utf8)
  for index in bytes.indices.dropLast(2) where bytes[index] == UInt8(ascii: "%") {
    guard let high = bytes[index + 1].hexadecimalValue, let low = bytes[index + 2].hexadecimalValue else { continue }
    bytes[index + 1] = .hexadecimalDigit(high, capital: true)
    bytes[index + 2] = .hexadecimalDigit(low, capital: true)
  }
  return String(decoding: bytes, as: UTF8.self)
}

private func isUnreserved(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"),
    UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
    true
  default: false
  }
}
