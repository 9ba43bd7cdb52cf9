// Case, white space and digits, for every byte; hexadecimal there and back.
import Testing

@testable import ASCII

@Suite struct Bytes {
  @Test func everyByteAsTheStandardLibrarySaysOfASCII() {
    for byte in UInt8.min...UInt8.max {
      let character = Character(Unicode.Scalar(byte))
      let isASCII = byte < 0x80
      #expect(byte.isASCIIDigit == (isASCII && character.isNumber))
      #expect(byte.isASCIILetter == (isASCII && character.isLetter))
      #expect(byte.hexadecimalValue.map(Int.init) == (isASCII ? character.hexDigitValue : nil))
      if isASCII { #expect(String(UnicodeScalar(byte.asciiLowercased)) == String(character).lowercased()) }
      if !isASCII { #expect(byte.asciiLowercased == byte) }
    }
  }

  @Test(arguments: [
    ("", ""), (" ", ""), ("a", "a"), (" \t\r\n a b \n", "a b"), ("a ", "a"), (" é\u{A0} ", "é\u{A0}"),
  ])
  func trimmed(text: String, expected: String) { #expect(text.asciiTrimmed == expected) }

  @Test func comparedWithoutCase() {
    #expect("ETag".equalsIgnoringASCIICase("etaG") && !"ETag".equalsIgnoringASCIICase("ETags"))
    #expect(!"É".equalsIgnoringASCIICase("é") && "K".asciiLowercased == "k" && "\u{212A}".asciiLowercased == "\u{212A}")
  }
}

@Suite struct Hexadecimal {
  @Test func everyByte() {
    let all = (0...255).map { UInt8($0) }
    let text = hexadecimal(all)
    #expect(text.hasPrefix("000102") && text.hasSuffix("fdfeff") && text.utf8.count == 512)
    #expect(bytes(hexadecimal: text.utf8) == all && bytes(hexadecimal: text.uppercased().utf8) == all)
  }

  @Test(arguments: ["0", "0g", "g0", "+1", " 1", "1 ", "0x10z"])
  func refused(text: String) { #expect(bytes(hexadecimal: text.utf8) == nil) }
}
