// One 512-byte header of a tar archive as numbers and names: POSIX.1-1988 ustar, GNU's and old V7's variants.

/// A tar header block, decoded; and one of our own, encoded.
package struct TarHeader: Equatable {
  /// Bytes of a block: of a header, and of what a body is filled up to a multiple of.
  package static let size = 512

  var name: [UInt8]
  /// A link's target.
  var target: [UInt8]
  var size: Int
  var type: UInt8
  /// GNU's old sparse format: whether more header blocks follow this one.
  var isExtended = false

  /// Why a block is not a valid header.
  enum Malformed: Error, Equatable {
    case checksum
    case size
  }

  /// Decodes a block of 512 bytes that is not all zero.
  init(_ block: [UInt8]) throws(Malformed) {
    guard let stored = Self.number(block[148..<156]), Self.checksums(block).contains(stored) else { throw .checksum }
    guard let size = Self.number(block[124..<136]) else { throw .size }
    self.size = size
    type = block[156]
    name = Self.text(block[0..<100])
    target = Self.text(block[157..<257])
    // Only POSIX's magic has a prefix field; GNU's ("ustar" and two blanks) keeps times and sparse maps there.
    if block[257..<263].elementsEqual(Array("ustar\0".utf8)), block[345] != 0 {
      name = Self.text(block[345..<500]) + [UInt8(ascii: "/")] + name
    }
    isExtended = type == UInt8(ascii: "S") && block[482] != 0
  }

  /// Whether the first bytes of a file are a header: with POSIX's or GNU's magic, or of old tar's kind, which has none
  /// and is known by its checksum alone.
  static func begins(_ bytes: [UInt8]) -> Bool {
    if bytes.count >= 262, bytes[257..<262].elementsEqual("ustar".utf8) { return true }
    guard bytes.count >= size, bytes[0] != 0 else { return false }
    return (try? TarHeader(Array(bytes[..<size]))) != nil
  }

  /// A header of our own: everything that is not name, size, time or type is fixed, so that equal items give equal bytes.
  ///
  /// - Parameters:
  ///   - name: at most 100 bytes, or a part of at most 155, a `/`, and a rest of at most 100.
  ///   - modificationTime: seconds since 1970, 0 to 2^33 − 1.
  ///   - type: `0` is a file.
  /// - Returns: nil where the name or the size does not fit.
  package static func encode(name: [UInt8], size: Int, modificationTime: Int, type: UInt8) -> [UInt8]? {
    guard let (prefix, rest) = split(name), size <= maximumOctalSize else { return nil }
    var block = [UInt8](repeating: 0, count: Self.size)
    func put(_ bytes: [UInt8], at offset: Int) { block.replaceSubrange(offset..<offset + bytes.count, with: bytes) }
    put(rest, at: 0)
    put(octal(0o644, digits: 7), at: 100)
    put(octal(0, digits: 7), at: 108)
    put(octal(0, digits: 7), at: 116)
    put(octal(size, digits: 11), at: 124)
    put(octal(min(max(modificationTime, 0), maximumOctalSize), digits: 11), at: 136)
    put(Array("        ".utf8), at: 148)
    block[156] = type
    put(Array("ustar\u{0}00".utf8), at: 257)
    put(octal(0, digits: 7), at: 329)
    put(octal(0, digits: 7), at: 337)
    put(prefix, at: 345)
    put(octal(block.reduce(0) { $0 + Int($1) }, digits: 6) + [0], at: 148)
    return block
  }

  /// The largest number of eleven octal digits.
  static let maximumOctalSize = 0o77_777_777_777

  /// The name as prefix and rest, or nil where it does not fit.
  private static func split(_ name: [UInt8]) -> (prefix: [UInt8], rest: [UInt8])? {
    if name.count <= 100 { return ([], name) }
    guard name.count <= 256,
      let slash = name.indices.first(where: {
        name[$0] == UInt8(ascii: "/") && $0 > 0 && $0 <= 155 && name.count - $0 - 1 <= 100 && $0 + 1 < name.count
      })
    else { return nil }
    return (Array(name[..<slash]), Array(name[(slash + 1)...]))
  }

  private static func octal(_ value: Int, digits: Int) -> [UInt8] {
    let text = String(value, radix: 8)
    return Array(repeating: UInt8(ascii: "0"), count: digits - text.utf8.count) + Array(text.utf8)
  }

  /// A field up to its first NUL.
  private static func text(_ field: ArraySlice<UInt8>) -> [UInt8] { Array(field.prefix { $0 != 0 }) }

  /// Octal digits between blanks or NULs, or GNU's base 256 (first bit set); nil when it is neither, negative, or
  /// beyond what a file can be.
  private static func number(_ field: ArraySlice<UInt8>) -> Int? {
    guard let first = field.first else { return nil }
    var value = 0
    if first & 0x80 != 0 {
      guard first == 0x80 else { return nil }
      for byte in field.dropFirst() {
        guard value < 1 << 54 else { return nil }
        value = value << 8 | Int(byte)
      }
      return value
    }
    let digits = field.drop { $0 == UInt8(ascii: " ") }.prefix { $0 != 0 && $0 != UInt8(ascii: " ") }
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else { return nil }
      value = value << 3 | Int(digit - UInt8(ascii: "0"))
    }
    return value
  }

  /// The sum of all bytes with the checksum field read as blanks: unsigned, and signed as some old writers had it.
  private static func checksums(_ block: [UInt8]) -> [Int] {
    var unsigned = 8 * 0x20
    var signed = 8 * 0x20
    for (index, byte) in block.enumerated() where !(148..<156).contains(index) {
      unsigned += Int(byte)
      signed += Int(Int8(bitPattern: byte))
    }
    return [unsigned, signed]
  }
}
