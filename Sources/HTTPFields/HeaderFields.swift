// Header fields of HTTP messages, for clients over libcurl and for the Runtime API's own client.

import ASCII

/// Header fields in the order they were given, repeated ones kept. Names are compared without regard to ASCII case (RFC
/// 9110, section 5.1).
package struct HeaderFields: Sendable {
  private var fields: [Element]

  package init(_ fields: [Element]) { self.fields = fields }

  /// The first value of the field with this name.
  package subscript(name: String) -> String? { first { $0.name.equalsIgnoringASCIICase(name) }?.value }

  /// Every value of the fields with this name.
  package func all(_ name: String) -> [String] {
    filter { $0.name.equalsIgnoringASCIICase(name) }.map(\.value)
  }
}

extension HeaderFields: RandomAccessCollection, RangeReplaceableCollection {
  package typealias Element = (name: String, value: String)

  package init() { fields = [] }

  package var startIndex: Int { 0 }
  package var endIndex: Int { fields.count }
  package subscript(index: Int) -> Element { fields[index] }

  package mutating func replaceSubrange(_ range: Range<Int>, with elements: some Collection<Element>) {
    fields.replaceSubrange(range, with: elements)
  }

  package static func + (left: Self, right: Self) -> Self { Self(left.fields + right.fields) }
  package static func += (left: inout Self, right: Self) { left.fields += right.fields }
}

extension HeaderFields: ExpressibleByArrayLiteral {
  package init(arrayLiteral elements: Element...) { fields = elements }
}

extension HeaderFields: Equatable {
  package static func == (left: Self, right: Self) -> Bool { left.elementsEqual(right, by: ==) }
}
