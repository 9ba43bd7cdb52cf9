// Base64 compared with Foundation's encoder.
import Foundation
import Testing

@testable import ASCII

private func decode(_ text: String) -> [UInt8]? { decodeBase64(Array(text.utf8)[...]) }

@Suite struct Base64 {
  @Test(arguments: 0..<100) func everyLengthAndLineLength(count: Int) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ count) }
    let text = Data(bytes).base64EncodedString()
    #expect(base64(bytes) == text)
    #expect(decode(text) == bytes)
    for width in [1, 3, 4, 64, 76] {
      var broken = ""
      for (place, character) in text.enumerated() {
        broken += (place > 0 && place % width == 0 ? "\r\n" : "") + "\(character)"
      }
      #expect(decode(broken) == bytes && decode(broken + "\n") == bytes)
    }
    // Cut anywhere it is whole groups or nothing.
    for end in 0..<text.count { #expect((decode(String(text.prefix(end))) != nil) == (end % 4 == 0)) }
  }

  @Test(arguments: [
    "A", "AA", "AAA", "=", "==", "====", "A===", "AA=", "AAA==", "AAAA=", "AA==AA==", "AA=A", "AB==", "AAB=", "A A A A",
    "AA-A",
    "AA_A", "AAA\0", "AAAÿ", "AAAA====", "AA==\nA",
  ])
  func refused(text: String) { #expect(decode(text) == nil) }

  @Test func aSliceIsReadWhereItIs() {
    #expect(decodeBase64(Array("xxQUJDxx".utf8)[2..<6]) == Array("ABC".utf8))
  }
}
