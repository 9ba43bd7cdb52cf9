// Numbers of a TIFF structure, in its own byte order and of every type that TIFF knows.

/// The type of a directory entry's values: TIFF 6.0, section 2, and the later types that Pillow reads.
enum TIFFType: Int {
  case byte = 1
  case ascii, short, long, rational, signedByte, undefined, signedShort, signedLong, signedRational, float, double
  case directory
  case long8 = 16

  /// Bytes of one value.
  var size: Int {
    switch self {
    case .byte, .ascii, .signedByte, .undefined: 1
    case .short, .signedShort: 2
    case .long, .signedLong, .float, .directory: 4
    case .rational, .signedRational, .double, .long8: 8
    }
  }
}

/// The bytes of a TIFF file; every access is checked.
struct TIFFBytes {
  private let bytes: [UInt8]
  private let isLittleEndian: Bool

  /// Nil where the bytes do not begin as TIFF does, or as writers that swap the magic number have it.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= 8 else { return nil }
    switch Array(bytes[..<4]) {
    case [0x49, 0x49, 0x2A, 0x00], [0x49, 0x49, 0x00, 0x2A]: isLittleEndian = true
    // The last is BigTIFF's, which Pillow recognizes in little-endian files alone, and refuses there.
    case [0x4D, 0x4D, 0x00, 0x2A], [0x4D, 0x4D, 0x2A, 0x00], [0x4D, 0x4D, 0x00, 0x2B]: isLittleEndian = false
    default: return nil
    }
    self.bytes = bytes
  }

  /// An unsigned number of 1, 2 or 4 bytes, or nil where the bytes end before it.
  func unsigned(at offset: Int, size: Int) -> Int? {
    guard offset <= bytes.count - size else { return nil }
    return Int(bits(at: offset, size: size))
  }

  /// The value of a type at an offset, or nil where it is not a whole number in the range of small integers.
  ///
  /// - Parameter offset: so that all bytes of the value are there.
  func wholeNumber(_ type: TIFFType, at offset: Int) -> Int? {
    let bits = bits(at: offset, size: type.size)
    switch type {
    // Pillow does not take bytes and text as numbers.
    case .byte, .ascii, .undefined: return nil
    case .short, .long, .directory, .long8: return Int(exactly: bits)
    case .signedByte: return Int(Int8(truncatingIfNeeded: bits))
    case .signedShort: return Int(Int16(truncatingIfNeeded: bits))
    case .signedLong: return Int(Int32(truncatingIfNeeded: bits))
    case .float: return Int(exactly: Float(bitPattern: UInt32(bits)))
    case .double: return Int(exactly: Double(bitPattern: bits))
    case .rational: return Self.quotient(Int(self.bits(at: offset, size: 4)), Int(self.bits(at: offset + 4, size: 4)))
    case .signedRational:
      return Self.quotient(
        Int(Int32(truncatingIfNeeded: self.bits(at: offset, size: 4))),
        Int(Int32(truncatingIfNeeded: self.bits(at: offset + 4, size: 4))))
    }
  }

  private static func quotient(_ numerator: Int, _ denominator: Int) -> Int? {
    denominator != 0 && numerator % denominator == 0 ? numerator / denominator : nil
  }

  private func bits(at offset: Int, size: Int) -> UInt64 {
    let field = bytes[offset..<offset + size]
    return isLittleEndian
      ? field.reversed().reduce(0) { $0 << 8 | UInt64($1) }
      : field.reduce(0) { $0 << 8 | UInt64($1) }
  }
}
