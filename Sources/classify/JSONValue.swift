// Any JSON value, for the documents that describe a model: its labels, its preprocessing.

import FoundationEssentials

/// A parsed JSON value. Numbers are doubles, as in JavaScript.
enum JSONValue: Decodable, Equatable {
  case null
  case boolean(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  /// nil for bytes that are not one JSON value. A byte order mark at the start is skipped.
  init?(parsing bytes: some Collection<UInt8>) {
    let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : Array(bytes)
    guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(text)) else { return nil }
    self = value
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let boolean = try? container.decode(Bool.self) {
      self = .boolean(boolean)
    } else if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else if let string = try? container.decode(String.self) {
      self = .string(string)
    } else if let array = try? container.decode([JSONValue].self) {
      self = .array(array)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  var string: String? { if case .string(let value) = self { value } else { nil } }
  var boolean: Bool? { if case .boolean(let value) = self { value } else { nil } }
  var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  var object: [String: JSONValue]? { if case .object(let value) = self { value } else { nil } }
  var number: Double? { if case .number(let value) = self { value } else { nil } }

  /// A number without a fraction.
  var integer: Int? { number.flatMap { Int(exactly: $0) } }

  /// A finite number, or an array of them.
  var floats: [Float]? {
    if let number { return Float(number).isFinite ? [Float(number)] : nil }
    guard let array else { return nil }
    let values = array.compactMap(\.number).map { Float($0) }.filter(\.isFinite)
    return values.count == array.count ? values : nil
  }
}
