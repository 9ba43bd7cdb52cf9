// A failed item in a stream: it takes the item's place, so that nothing is silently missing.

import FoundationEssentials

/// The error of one item that could not be processed: a tar member `NAME.error.json` on the wire.
///
/// The member holds `{"image":NAME,"error":{"tool":…,"code":…,"message":…}}`. A record that arrives is parsed and
/// encoded again, so that no byte of it reaches an output unchecked.
package struct ErrorRecord: Error, Equatable, Sendable {
  /// A record on the wire is at most this many bytes.
  package static let maximumSize = 64 << 10
  /// What a record's member is called after the item's name.
  package static let suffix = ".error.json"

  /// The item that failed.
  package let image: ItemName
  /// The tool that reported it: letters, digits, `-`.
  let tool: String
  /// A stable word for programs: letters, digits, `-`, `_`.
  let code: String
  /// A sentence for people, at most 1,024 characters, no control characters.
  package let message: String

  package init(image: ItemName, tool: String, code: String, message: String) {
    self.image = image
    self.tool = tool
    self.code = code
    self.message = printable(String(String(message.unicodeScalars.prefix(1024))))
  }

  /// The name of the tar member that carries the record.
  var memberName: ItemName { image.appending(Self.suffix) }

  /// The record as one line of JSON.
  package var line: [UInt8] {
    JSONText.line { json in
      image.write(to: &json)
      json.object("error") { json in
        json.member("tool", tool)
        json.member("code", code)
        json.member("message", message)
      }
    }
  }

  /// Why a member named like a record is not one.
  package enum Malformed: Error, Equatable {
    case tooLarge(bytes: Int)
    case notARecord
    case namesAnother(image: String)
  }

  /// Reads a record that came as a tar member.
  ///
  /// - Parameters:
  ///   - member: the member's name, ending in `.error.json`.
  ///   - body: the member's bytes.
  package init(member: ItemName, body: [UInt8]) throws(Malformed) {
    guard body.count <= Self.maximumSize else { throw .tooLarge(bytes: body.count) }
    guard let image = member.removing(Self.suffix), let wire = try? JSONDecoder().decode(Wire.self, from: Data(body)),
      Self.isWord(wire.error.tool), Self.isWord(wire.error.code)
    else { throw .notARecord }
    let named =
      if let base64 = wire.imageBytes { Data(base64Encoded: base64).map { ItemName(bytes: Array($0)) } } else {
        Optional(ItemName(wire.image))
      }
    guard named == image else { throw .namesAnother(image: wire.image) }
    self.init(image: image, tool: wire.error.tool, code: wire.error.code, message: wire.error.message)
  }

  private struct Wire: Decodable {
    struct Failure: Decodable {
      let tool: String
      let code: String
      let message: String
    }
    let image: String
    let imageBytes: String?
    let error: Failure
  }

  private static func isWord(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
      }
  }
}
