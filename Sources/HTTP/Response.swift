// What a server answered.

/// The answer to one request, whatever its status: a 404 is a response, not an error.
public struct Response: Sendable {
  public var status: Int
  public var headers: Headers
  /// The body, where the request's sink is memory or the status is 300 or more.
  public var body: [UInt8]
  /// Bytes of body received, wherever they went.
  public var bytesReceived: Int64

  public init(status: Int, headers: Headers = Headers(), body: [UInt8] = [], bytesReceived: Int64 = 0) {
    self.status = status
    self.headers = headers
    self.body = body
    self.bytesReceived = bytesReceived
  }
}

/// Header fields in the order they came, repeated ones kept.
public struct Headers: Sendable {
  public private(set) var fields: [(name: String, value: String)] = []

  public init(_ fields: [(name: String, value: String)] = []) { self.fields = fields }

  /// The first value of the field with this name; ASCII case is ignored (RFC 9110 §5.1).
  public subscript(name: String) -> String? { fields.first { equalIgnoringCase($0.name, name) }?.value }

  public func all(_ name: String) -> [String] {
    fields.filter { equalIgnoringCase($0.name, name) }.map(\.value)
  }

  /// Takes one line as it came, with or without its line end; a line without a colon is ignored.
  mutating func append(line: UnsafeRawBufferPointer) {
    guard let colon = unsafe line.firstIndex(of: UInt8(ascii: ":")), colon > 0 else { return }
    var start = colon + 1
    var end = line.count
    while start < end, unsafe isBlank(line[start]) { start += 1 }
    while end > start, unsafe isBlank(line[end - 1]) { end -= 1 }
    unsafe fields.append(
      (String(decoding: line[..<colon], as: UTF8.self), String(decoding: line[start..<end], as: UTF8.self)))
  }

  mutating func removeAll() { fields.removeAll(keepingCapacity: true) }
}

private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

/// Whether two names are the same but for ASCII case.
func equalIgnoringCase(_ a: String, _ b: String) -> Bool {
  a.utf8.count == b.utf8.count && a.utf8.elementsEqual(b.utf8) { lowercased($0) == lowercased($1) }
}

private func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
