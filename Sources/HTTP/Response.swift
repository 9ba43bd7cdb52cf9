// What a server responds.

import ASCII

/// The response to one request, whatever its status: a 404 is a response, not an error.
package struct Response: Sendable {
  package var status: Int
  package var headers: Headers
  /// The body, where the request's sink is memory or the status is 300 or more.
  package var body: [UInt8]
  /// Bytes of body received, wherever they went.
  package var bytesReceived: Int64

  package init(status: Int, headers: Headers = Headers(), body: [UInt8] = [], bytesReceived: Int64 = 0) {
    self.status = status
    self.headers = headers
    self.body = body
    self.bytesReceived = bytesReceived
  }
}

/// Header fields in the order they came, repeated ones kept.
package struct Headers: Sendable {
  package private(set) var fields: [(name: String, value: String)] = []

  package init(_ fields: [(name: String, value: String)] = []) { self.fields = fields }

  /// The first value of the field with this name; ASCII case is ignored (RFC 9110 §5.1).
  package subscript(name: String) -> String? { fields.first { $0.name.equalsIgnoringASCIICase(name) }?.value }

  package func all(_ name: String) -> [String] {
    fields.filter { $0.name.equalsIgnoringASCIICase(name) }.map(\.value)
  }

  /// Takes one line as it came, with or without its line end; a line without a colon is ignored.
  mutating func append(line: UnsafeRawBufferPointer) {
    guard let colon = unsafe line.firstIndex(of: UInt8(ascii: ":")), colon > 0 else { return }
    let value = unsafe line[(colon + 1)...].asciiTrimmed
    unsafe fields.append((String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self)))
  }

  mutating func removeAll() { fields.removeAll(keepingCapacity: true) }
}
