// A JSON writer: keys in the order given, numbers as given, every string escaped.

import ASCII

/// A JSON text under construction: one value, or one after another on lines of their own. Commas are set here.
package struct JSONText: Sendable {
  /// The text so far, UTF-8.
  package private(set) var bytes: [UInt8] = []
  private var needsComma = false

  package init() {}

  /// An object, its members written by the closure.
  package mutating func object<Failure>(_ members: (inout JSONText) throws(Failure) -> Void) throws(Failure) {
    open("{")
    try members(&self)
    close("}")
  }

  /// An array, each element written by the closure.
  package mutating func array<Element>(_ elements: some Sequence<Element>, _ write: (inout JSONText, Element) -> Void) {
    open("[")
    for element in elements { write(&self, element) }
    close("]")
  }

  /// A member of the object that is being written; the closure writes its value.
  package mutating func member(_ name: String, _ value: (inout JSONText) -> Void) {
    string(name)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
    value(&self)
  }

  /// A string: quotes, backslashes and all control characters escaped (RFC 8259, section 7).
  package mutating func string(_ text: String) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 { append(escaped: byte) }
    bytes.append(UInt8(ascii: "\""))
    needsComma = true
  }

  package mutating func integer(_ value: Int) { literal(String(value)) }

  package mutating func boolean(_ value: Bool) { literal(value ? "true" : "false") }

  package mutating func null() { literal("null") }

  /// A number with the given count of decimals; JSON has no infinities and no NaN, which become null.
  package mutating func number(_ value: Double, decimals: Int) {
    literal(value.isFinite ? fixed(value, decimals: decimals) : "null")
  }

  /// A text that is JSON already.
  mutating func literal(_ text: String) {
    separate()
    bytes.append(contentsOf: text.utf8)
    needsComma = true
  }

  private mutating func open(_ bracket: Unicode.Scalar) {
    separate()
    bytes.append(UInt8(ascii: bracket))
    needsComma = false
  }

  private mutating func close(_ bracket: Unicode.Scalar) {
    bytes.append(UInt8(ascii: bracket))
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
  }

  private mutating func append(escaped byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
    case UInt8(ascii: "\n"): bytes += Array("\\n".utf8)
    case 0..<0x20, 0x7F:
      bytes += Array("\\u00\(hexadecimal([byte]))".utf8)
    default: bytes.append(byte)
    }
  }
}

/// A finite number in decimal with a fixed count of decimals, rounded half away from zero; independent of the locale.
package func fixed(_ value: Double, decimals: Int) -> String {
  precondition((0...15).contains(decimals))
  var scale = 1.0
  for _ in 0..<decimals { scale *= 10 }
  let scaled = (value.magnitude * scale).rounded(.toNearestOrAwayFromZero)
  // Beyond 2^53 a Double has no fractional part.
  guard scaled < 9e15 else { return "\(value)" }
  let padded = zeroPadded(String(Int(scaled)), to: decimals + 1)
  let sign = value < 0 && scaled != 0 ? "-" : ""
  guard decimals > 0 else { return sign + padded }
  return sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
}
