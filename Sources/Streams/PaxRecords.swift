// The extended header of POSIX.1-2001: `LENGTH KEY=VALUE\n`, as many as there are.

import ASCII

/// Pax records, in order.
struct PaxRecords: Equatable {
  private(set) var values: [(key: String, value: [UInt8])] = []

  enum Malformed: Error, Equatable { case record }

  init() {}

  init(_ bytes: [UInt8]) throws(Malformed) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let digits = rest.prefix(while: \.isASCIIDigit)
      guard let length = Int(String(decoding: digits, as: UTF8.self)), length <= rest.count,
        length > digits.count + 2, rest[rest.startIndex + digits.count] == UInt8(ascii: " "),
        rest[rest.startIndex + length - 1] == UInt8(ascii: "\n")
      else { throw .record }
      let record = rest[(rest.startIndex + digits.count + 1)..<(rest.startIndex + length - 1)]
      guard let equals = record.firstIndex(of: UInt8(ascii: "=")), equals > record.startIndex else { throw .record }
      values.append((String(decoding: record[..<equals], as: UTF8.self), Array(record[(equals + 1)...])))
      rest = rest.dropFirst(length)
    }
  }

  /// The last value given for the key; an empty one removes an earlier one.
  subscript(key: String) -> [UInt8]? {
    guard let value = values.last(where: { $0.key == key })?.value, !value.isEmpty else { return nil }
    return value
  }

  /// These records merged with others; where both have a key, these have precedence.
  func over(_ others: PaxRecords) -> PaxRecords {
    var result = others
    result.values += values
    return result
  }

  mutating func append(_ key: String, _ value: [UInt8]) { values.append((key, value)) }

  /// The records as bytes. A record's length counts its own digits.
  var encoded: [UInt8] {
    values.flatMap { key, value in
      let rest = [UInt8(ascii: " ")] + Array(key.utf8) + [UInt8(ascii: "=")] + value + [UInt8(ascii: "\n")]
      var length = rest.count + 1
      while String(length).utf8.count + rest.count > length { length += 1 }
      return Array(String(length).utf8) + rest
    }
  }

  static func == (left: PaxRecords, right: PaxRecords) -> Bool {
    left.values.elementsEqual(right.values) { $0.key == $1.key && $0.value == $1.value }
  }
}
