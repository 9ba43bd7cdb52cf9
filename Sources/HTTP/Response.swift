// A server's response.

import ASCII
package import HTTPFields

/// The response to one request, of any status: a 404 is a response, not an error.
package struct Response: Sendable {
  package var status: Int
  package var headers: HeaderFields
  /// The body, where the request's sink is memory or the status is 300 or more.
  package var body: [UInt8]
  /// Bytes of body received, wherever they went.
  package var bytesReceived: Int64

  package init(status: Int, headers: HeaderFields = HeaderFields(), body: [UInt8] = [], bytesReceived: Int64 = 0) {
    self.status = status
    self.headers = headers
    self.body = body
    self.bytesReceived = bytesReceived
  }
}

extension HeaderFields {
  /// Appends one received line, with or without its line end; a line without a colon is ignored.
  mutating func append(line: UnsafeRawBufferPointer) {
    guard let colon = unsafe line.firstIndex(of: UInt8(ascii: ":")), colon > 0 else { return }
    let value = unsafe line[(colon + 1)...].asciiTrimmed
    unsafe append((String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self)))
  }
}
