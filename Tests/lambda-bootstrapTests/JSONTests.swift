// The strict JSON reader: RFC 8259's grammar, its bounds, and input cut and flipped everywhere.
import Testing

@testable import lambda_bootstrap

private func malformed(_ text: String) -> JSONDocument.Malformed? { malformed(Array(text.utf8)) }

private func malformed(_ bytes: [UInt8]) -> JSONDocument.Malformed? {
  do {
    _ = try JSONDocument(bytes)
    return nil
  } catch { return error }
}

@Suite struct JSONReading {
  @Test(arguments: [
    "null", " true ", "\t\r\nfalse", "0", "-0", "10.50", "1e5", "-1.5E+10", "2e-7", "[]", "[ ]", "{}", "{ }", "[1,2]",
    "[[[]]]", #"{"a":1}"#, #"{"a":{"b":[null]}}"#, #""""#, #""a""#, #""é😀""#, #""\"\\\/\b\f\n\r\t\u00e9""#,
    "\"\u{7F}\"",
    #"{"":0}"#, #"{"a":1,"A":2}"#, "{\"\u{E9}\":1,\"e\u{301}\":2}",
    "1e999999", "-123456789012345678901234567890123456789012345678901234567890",
    "\"" + String(repeating: "0123456789abcdef", count: 100) + "\"",
  ])
  func valid(text: String) throws {
    #expect(malformed(text) == nil)
    // No prefix of an object, an array or a string is a value.
    if let first = text.utf8.first, first == 0x22 || first == 0x5B || first == 0x7B {
      for end in 0..<text.utf8.count - 1 where text.utf8.last != 0x20 {
        #expect(malformed(Array(text.utf8.prefix(end))) != nil)
      }
    }
  }

  @Test(arguments: [
    "", " ", "nul", "nulL", "True", "truefalse", "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x10", "NaN", "Infinity",
    "[", "]", "[1,]", "[,1]", "[1 2]", "{", "}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{,"a":1}"#, "{a:1}", "{1:1}",
    #"{"a":1 "b":2}"#, #"""#, #""\""#, #""\x""#, #""\u12""#, #""\u12g4""#, "\"\n\"", "\"\0\"", "'a'", "1 2", "[]]",
    "// c", "\u{FEFF}1", "\u{A0}1",
  ])
  func invalid(text: String) {
    guard case .syntax = malformed(text) else {
      Issue.record("accepted or refused for another reason: \(text)")
      return
    }
  }

  @Test(
    arguments: [
      [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF], [0xE2, 0x82],
      [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F, 0x98],
      [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF],
    ] as [[UInt8]])
  func notUTF8(bytes: [UInt8]) {
    // At every place relative to the eight bytes that are passed at once.
    for padding in 0..<9 {
      let text = [0x22] + [UInt8](repeating: 0x61, count: padding) + bytes + [0x22]
      #expect(malformed(text) == .notUTF8(offset: padding + 1))
      #expect(String(validating: bytes, as: UTF8.self) == nil)
    }
  }

  @Test func everySpecialByteIsSeenAtEveryPlace() {
    for place in 0..<24 {
      for byte in UInt8.min...UInt8.max {
        var text = [UInt8](repeating: 0x61, count: 26)
        text[0] = 0x22
        text[25] = 0x22
        text[place + 1] = byte
        let isPlain = byte >= 0x20 && byte < 0x80 && byte != 0x22 && byte != 0x5C
        #expect((malformed(text) == nil) == isPlain, "\(byte) at \(place)")
      }
    }
  }

  @Test func escapesAreResolved() throws {
    let document = try JSONDocument(
      Array(#"["\u00e9\ud83d\ude00\/\"\\\b\f\n\r\t", "\ud83d", "\ude00\ud83dx", "\u0000"]"#.utf8))
    guard case .array(let values, _) = document.root else {
      Issue.record("no array")
      return
    }
    #expect(
      values.map { document.string($0) } == [
        "é😀/\"\\\u{8}\u{C}\n\r\t", "\u{FFFD}", "\u{FFFD}\u{FFFD}x", "\0",
      ])
  }

  @Test func membersAndTheirText() throws {
    let document = try JSONDocument(Array(#" {"a\u0062":1.50, "c":[1, 2], "d":"x\ny", "e":true} "#.utf8))
    let texts = document.root.members.map { String(decoding: document.raw($0.value), as: UTF8.self) }
    #expect(texts == ["1.50", "[1, 2]", #""x\ny""#, "true"])
    #expect(document.root["ab"] != nil && document.root["nothing"] == nil)
    #expect(document.string(document.root["d"]) == "x\ny" && document.string(document.root["c"]) == nil)
  }

  @Test(arguments: [#"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#, #"[{"x":{"a":1,"b":2,"a":3}}]"#])
  func duplicateKeys(text: String) {
    guard case .duplicateKey = malformed(text) else {
      Issue.record("accepted: \(text)")
      return
    }
  }

  @Test func bounds() {
    let limit = JSONDocument.depthLimit
    #expect(malformed(String(repeating: "[", count: limit) + String(repeating: "]", count: limit)) == nil)
    #expect(malformed(String(repeating: "[", count: limit + 1)) == .tooDeep(limit: limit))
    #expect(malformed(String(repeating: #"{"a":"#, count: 1_000_000)) == .tooDeep(limit: limit))
    #expect(malformed("[" + String(repeating: "0,", count: 1_000_000) + "0]") == .tooManyValues(limit: 20_000))
  }

  @Test func aFlippedBitGivesAValueOrAnError() {
    let text = Array(#"{"a":[1.5e3,"x\u00e9é",null,true,{"b":{}}],"c":"\ud83d\ude00"}"#.utf8)
    for bit in 0..<text.count * 8 {
      var flipped = text
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      if let document = try? JSONDocument(flipped) {
        #expect(String(validating: flipped, as: UTF8.self) != nil)
        for member in document.root.members { _ = document.string(member.value) }
      }
    }
  }
}
