// One tar member as the pieces that are written to the pipeline: a ustar header, the body as it is, padding.

/// A file in a tar stream that does not end. The name is our counter, so a ustar header always suffices.
func tarMember(name: String, body: [UInt8]) -> [[UInt8]] {
  var block = [UInt8](repeating: 0, count: 512)
  func put(_ text: String, at offset: Int) {
    block.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
  }
  put(name, at: 0)
  put("0000644", at: 100)
  put("0000000", at: 108)
  put("0000000", at: 116)
  put(octal(body.count, digits: 11), at: 124)
  put(octal(0, digits: 11), at: 136)
  put("        ", at: 148)
  put("0", at: 156)
  put("ustar\u{0}00", at: 257)
  put(octal(block.reduce(0) { $0 + Int($1) }, digits: 6) + "\u{0}", at: 148)
  return [block, body, [UInt8](repeating: 0, count: -body.count & 511)]
}

private func octal(_ value: Int, digits: Int) -> String {
  let text = String(value, radix: 8)
  return String(repeating: "0", count: digits - text.count) + text
}
