// Members and whole objects of JSON by the type of their value.

extension JSONText {
  /// The bytes of one object.
  package static func object<Failure>(
    _ members: (inout JSONText) throws(Failure) -> Void
  ) throws(Failure) -> [UInt8] {
    var json = JSONText()
    try json.object(members)
    return json.bytes
  }

  /// The bytes of one object and a line end: a line of NDJSON.
  package static func line<Failure>(_ members: (inout JSONText) throws(Failure) -> Void) throws(Failure) -> [UInt8] {
    try object(members) + [UInt8(ascii: "\n")]
  }

  package mutating func member(_ name: String, _ value: String) { member(name) { $0.string(value) } }

  package mutating func member(_ name: String, _ value: Int) { member(name) { $0.integer(value) } }

  package mutating func member(_ name: String, _ value: Bool) { member(name) { $0.boolean(value) } }

  /// A member that is omitted if the value is nil.
  package mutating func member(_ name: String, ifPresent value: String?) {
    if let value { member(name, value) }
  }

  /// A number with the given count of decimals; null where there is none.
  package mutating func member(_ name: String, _ value: Double?, decimals: Int) {
    member(name) { json in
      if let value { json.number(value, decimals: decimals) } else { json.null() }
    }
  }

  /// A member whose value is an object.
  package mutating func object(_ name: String, _ members: (inout JSONText) -> Void) {
    member(name) { $0.object(members) }
  }

  /// A member whose value is an array.
  package mutating func array<Element>(
    _ name: String, _ elements: some Sequence<Element>, _ write: (inout JSONText, Element) -> Void
  ) {
    member(name) { $0.array(elements, write) }
  }
}
