// Error records: written, read back, and refused where they are forged.

import Testing

@testable import Streams

@Suite struct ErrorRecordTests {
  static let names = [
    ItemName("a/cat.jpg"), ItemName("größe\n\u{1B}\"\\"), ItemName(bytes: [0xC3, 0x28, 0xFF]), ItemName(""),
    ItemName("x.error.json"),
  ]

  @Test(arguments: names)
  func roundTrip(name: ItemName) throws {
    let record = ErrorRecord(image: name, tool: "imgdecode", code: "not-a-jpeg", message: "a PNG image, not a JPEG")
    #expect(try ErrorRecord(member: record.memberName, body: record.line) == record)
  }

  @Test func theLineIsAsDocumented() {
    let record = ErrorRecord(image: ItemName("a\"b"), tool: "imgdecode", code: "corrupt", message: "line\nbreak")
    #expect(
      String(decoding: record.line, as: UTF8.self)
        == #"{"image":"a\"b","error":{"tool":"imgdecode","code":"corrupt","message":"line\\x0abreak"}}"# + "\n")
  }

  @Test func namesThatAreNotTextAreCarriedWhole() {
    let record = ErrorRecord(image: ItemName(bytes: [0x61, 0xFF]), tool: "t", code: "c", message: "m")
    #expect(
      String(decoding: record.line, as: UTF8.self)
        == #"{"image":"a\#u{FFFD}","imageBytes":"Yf8=","error":{"tool":"t","code":"c","message":"m"}}"# + "\n")
  }

  /// The longest name, of any bytes, and the longest message stay within the limit of the wire.
  @Test(arguments: [0x01, 0x22, 0x61, 0x80, 0xFF] as [UInt8])
  func theLongestRecordFits(byte: UInt8) {
    var bytes = [UInt8](repeating: byte, count: ItemName.maximumLength)
    bytes[0] = 0xFF
    let message = String(repeating: "\u{1F431}", count: 2000)
    let record = ErrorRecord(image: ItemName(bytes: bytes), tool: "imgdecode", code: "c", message: message)
    #expect(record.line.count <= ErrorRecord.maximumSize)
  }

  static let forged: [(String, String)] = [
    ("a.error.json", ""), ("a.error.json", "{}"), ("a.error.json", "[]"), ("a.error.json", "\u{FF}"),
    ("a.error.json", #"{"image":"b","error":{"tool":"t","code":"c","message":"m"}}"#),
    ("a.error.json", #"{"image":"a","error":{"tool":"t","code":"c d","message":"m"}}"#),
    ("a.error.json", #"{"image":"a","error":{"tool":"","code":"c","message":"m"}}"#),
    ("a.error.json", #"{"image":"a","imageBytes":"Yg==","error":{"tool":"t","code":"c","message":"m"}}"#),
    ("a.error.json", #"{"image":"a","imageBytes":"%%","error":{"tool":"t","code":"c","message":"m"}}"#),
    ("a.error.json", #"{"image":"a","error":{"tool":"t","code":"c","message":"m"}} trailing"#),
    ("a.error.json", #"{"image":"a","error":{"tool":"t","code":"c"}}"#),
    ("a.json", #"{"image":"a","error":{"tool":"t","code":"c","message":"m"}}"#),
    ("a.error.json", String(repeating: "[", count: 60000)),
  ]

  @Test(arguments: forged)
  func forgedRecordsAreRefused(member: String, body: String) {
    #expect(throws: ErrorRecord.Malformed.self) {
      try ErrorRecord(member: ItemName(member), body: Array(body.utf8))
    }
  }

  @Test func anOversizedRecordIsRefused() {
    let body = [UInt8](repeating: 0x20, count: ErrorRecord.maximumSize + 1)
    #expect(throws: ErrorRecord.Malformed.tooLarge(bytes: body.count)) {
      try ErrorRecord(member: ItemName("a.error.json"), body: body)
    }
  }
}
