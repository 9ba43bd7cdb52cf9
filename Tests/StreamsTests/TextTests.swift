// JSON, numbers and control characters as text.

import Streams
import Testing

@Suite struct TextTests {
  @Test func jsonIsWrittenInOrder() {
    let line = JSONText.line { json in
      json.member("a") { json in
        json.array(0..<5) { json, index in
          switch index {
          case 0: json.integer(-1)
          case 1: json.number(0.62129, decimals: 4)
          case 2: json.null()
          case 3: json.boolean(true)
          default: json.object { _ in }
          }
        }
      }
      json.member("b", "\u{0}\u{1F}\u{7F}\"\\\n\té猫")
    }
    #expect(
      String(decoding: line, as: UTF8.self)
        == #"{"a":[-1,0.6213,null,true,{}],"b":"\u0000\u001f\u007f\"\\\n\u0009é猫"}"# + "\n")
  }

  @Test(arguments: [
    (0.5, 0, "1"), (0.25, 1, "0.3"), (-0.04, 1, "0.0"), (-1.5, 2, "-1.50"), (0.00005, 4, "0.0001"), (1, 4, "1.0000"),
    (123456.789, 3, "123456.789"), (1e300, 2, "1e+300"),
  ])
  func fixedDecimals(value: Double, decimals: Int, text: String) {
    #expect(fixed(value, decimals: decimals) == text)
  }

  @Test(arguments: [
    ("plain é猫", "plain é猫"), ("a\nb", #"a\x0ab"#), ("\u{1B}[2J", #"\x1b[2J"#), ("\u{7F}\u{85}", #"\x7f\x85"#),
    ("\u{202E}gpj", #"\x202egpj"#),
  ])
  func controlCharactersArePrinted(text: String, shown: String) {
    #expect(printable(text) == shown)
  }
}
