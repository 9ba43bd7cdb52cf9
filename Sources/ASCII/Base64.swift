// Base64 (RFC 4648, section 4), strict but for line breaks: MIME encoders put one after every 76 characters.

/// The bytes in base64, padded, without line breaks.
package func base64(_ bytes: some Sequence<UInt8>) -> String {
  var text: [UInt8] = []
  var iterator = bytes.makeIterator()
  while let first = iterator.next() {
    let second = iterator.next()
    let third = second == nil ? nil : iterator.next()
    let group = UInt32(first) << 16 | UInt32(second ?? 0) << 8 | UInt32(third ?? 0)
    text.append(alphabet[Int(group >> 18)])
    text.append(alphabet[Int(group >> 12 & 63)])
    text.append(second == nil ? UInt8(ascii: "=") : alphabet[Int(group >> 6 & 63)])
    text.append(third == nil ? UInt8(ascii: "=") : alphabet[Int(group & 63)])
  }
  return String(decoding: text, as: UTF8.self)
}

/// Decodes base64; nil where a character is not in its alphabet, padding is wrong or missing, or unused bits are set.
package func decodeBase64(_ text: ArraySlice<UInt8>) -> [UInt8]? {
  var isValid = false
  let bytes = unsafe [UInt8](unsafeUninitializedCapacity: text.count / 4 * 3 + 3) { output, count in
    let written = unsafe text.withUnsafeBufferPointer { text in
      unsafe sextets.withUnsafeBufferPointer { unsafe decode(text, $0, into: output) }
    }
    isValid = written != nil
    count = written ?? 0
  }
  return isValid ? bytes : nil
}

private let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

/// A character's six bits, or one of the marks.
private let sextets: [UInt8] = {
  var table = [UInt8](repeating: foreign, count: 256)
  for (value, character) in alphabet.enumerated() { table[Int(character)] = UInt8(value) }
  table[0x0A] = lineBreak
  table[0x0D] = lineBreak
  return table
}()
private let foreign: UInt8 = 0xFF
private let lineBreak: UInt8 = 0xFE

/// Writes at most three bytes for every four characters begun; returns how many, nil where the text is not base64.
private func decode(
  _ text: UnsafeBufferPointer<UInt8>, _ sextets: UnsafeBufferPointer<UInt8>,
  into output: UnsafeMutableBufferPointer<UInt8>
) -> Int? {
  var at = 0
  var written = 0
  // The sextets of an unfinished group, and how many.
  var group: UInt32 = 0
  var held = 0
  while at < text.count {
    while held == 0, text.count - at >= 4 {
      let (a, b) = unsafe (sextets[Int(text[at])], sextets[Int(text[at + 1])])
      let (c, d) = unsafe (sextets[Int(text[at + 2])], sextets[Int(text[at + 3])])
      if (a | b | c | d) & 0xC0 != 0 { break }
      unsafe output[written] = a << 2 | b >> 4
      unsafe output[written + 1] = b << 4 | c >> 2
      unsafe output[written + 2] = c << 6 | d
      written += 3
      at += 4
    }
    guard at < text.count else { break }
    // One character at a time around line breaks and padding.
    let sextet = unsafe sextets[Int(text[at])]
    if unsafe text[at] == UInt8(ascii: "=") { break }
    at += 1
    if sextet == lineBreak { continue }
    guard sextet != foreign else { return nil }
    group = group << 6 | UInt32(sextet)
    held += 1
    if held == 4 {
      unsafe output[written] = UInt8(truncatingIfNeeded: group >> 16)
      unsafe output[written + 1] = UInt8(truncatingIfNeeded: group >> 8)
      unsafe output[written + 2] = UInt8(truncatingIfNeeded: group)
      written += 3
      held = 0
    }
  }
  // What is left must be the padding that completes the group, and line breaks.
  let padding = unsafe text[at...].count { $0 == UInt8(ascii: "=") }
  guard unsafe text[at...].allSatisfy({ unsafe $0 == UInt8(ascii: "=") || sextets[Int($0)] == lineBreak }) else {
    return nil
  }
  switch (held, padding) {
  case (0, 0): return written
  case (2, 2) where group & 0xF == 0:
    unsafe output[written] = UInt8(truncatingIfNeeded: group >> 4)
    return written + 1
  case (3, 1) where group & 3 == 0:
    unsafe output[written] = UInt8(truncatingIfNeeded: group >> 10)
    unsafe output[written + 1] = UInt8(truncatingIfNeeded: group >> 2)
    return written + 2
  default: return nil
  }
}
