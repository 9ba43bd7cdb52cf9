// A bounds-checked protobuf reader without copies.

/// Reads the protobuf wire format (https://protobuf.dev/programming-guides/encoding) from bytes in place. Every length is
/// checked against the bytes that are there before it is used.
@safe
struct WireReader {
  /// One field of a message.
  struct Field {
    let number: Int
    let value: Value
  }

  enum Value {
    case varint(UInt64)
    case fixed64(UInt64)
    case fixed32(UInt32)
    case bytes(WireReader)
  }

  private let buffer: UnsafeRawBufferPointer
  /// Of the buffer's first byte in the file, for error messages and for giving pages back.
  let fileOffset: Int
  private var position = 0

  init(_ buffer: UnsafeRawBufferPointer, fileOffset: Int = 0) {
    unsafe self.buffer = buffer
    self.fileOffset = fileOffset
  }

  var count: Int { unsafe buffer.count - position }

  /// All bytes, for weights that are used in place.
  @unsafe var bytes: UnsafeRawBufferPointer { unsafe buffer }

  /// The next field, or nil at the end. Throws `.malformed` for anything the format does not allow, groups included.
  mutating func next() throws(ModelError) -> Field? {
    if count == 0 { return nil }
    let key = try varint()
    guard let number = Int(exactly: key >> 3), number > 0 else { throw malformed }
    switch key & 7 {
    case 0: return Field(number: number, value: .varint(try varint()))
    case 1: return Field(number: number, value: .fixed64(try integer(UInt64.self)))
    case 2:
      guard let length = Int(exactly: try varint()), length <= count else { throw malformed }
      let start = position
      position += length
      let part = unsafe UnsafeRawBufferPointer(rebasing: buffer[start..<start + length])
      return Field(number: number, value: .bytes(unsafe WireReader(part, fileOffset: fileOffset + start)))
    case 5: return Field(number: number, value: .fixed32(try integer(UInt32.self)))
    default: throw malformed
    }
  }

  var isAtEnd: Bool { count == 0 }

  mutating func varint() throws(ModelError) -> UInt64 {
    var result: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard count > 0 else { throw malformed }
      let byte = unsafe buffer[position]
      position += 1
      // The tenth byte holds the 64th bit only.
      if shift == 63 && byte > 1 { throw malformed }
      result |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return result }
    }
    throw malformed
  }

  /// A little-endian integer.
  mutating func integer<Integer: FixedWidthInteger>(_ type: Integer.Type) throws(ModelError) -> Integer {
    let size = Integer.bitWidth / 8
    guard count >= size else { throw malformed }
    defer { position += size }
    return Integer(littleEndian: unsafe buffer.loadUnaligned(fromByteOffset: position, as: Integer.self))
  }

  var malformed: ModelError { .malformed(offset: fileOffset + position) }

  /// The bytes as text. Throws `.malformed` where they are not UTF-8.
  func text() throws(ModelError) -> String {
    guard let text = unsafe String(validating: buffer[position...], as: UTF8.self) else { throw malformed }
    return text
  }
}

extension WireReader.Field {
  func message(_ reader: WireReader) throws(ModelError) -> WireReader {
    guard case .bytes(let message) = value else { throw reader.malformed }
    return message
  }

  func text(_ reader: WireReader) throws(ModelError) -> String { try message(reader).text() }

  func int(_ reader: WireReader) throws(ModelError) -> Int {
    guard case .varint(let bits) = value else { throw reader.malformed }
    return Int(bitPattern: UInt(bits))
  }

  func float(_ reader: WireReader) throws(ModelError) -> Float {
    guard case .fixed32(let bits) = value else { throw reader.malformed }
    return Float(bitPattern: bits)
  }

  /// Appends a repeated integer, packed or not.
  func append(to integers: inout [Int], _ reader: WireReader) throws(ModelError) {
    guard case .bytes(var packed) = value else { return integers.append(try int(reader)) }
    while !packed.isAtEnd { integers.append(Int(bitPattern: UInt(try packed.varint()))) }
  }

  /// Appends a repeated float, packed or not.
  func append(to floats: inout [Float], _ reader: WireReader) throws(ModelError) {
    guard case .bytes(var packed) = value else { return floats.append(try float(reader)) }
    floats.reserveCapacity(floats.count + packed.count / 4)
    while !packed.isAtEnd { floats.append(Float(bitPattern: try packed.integer(UInt32.self))) }
  }

  /// Appends a repeated double, packed or not.
  func append(to doubles: inout [Double], _ reader: WireReader) throws(ModelError) {
    switch value {
    case .fixed64(let bits): doubles.append(Double(bitPattern: bits))
    case .bytes(var packed):
      while !packed.isAtEnd { doubles.append(Double(bitPattern: try packed.integer(UInt64.self))) }
    default: throw reader.malformed
    }
  }
}
