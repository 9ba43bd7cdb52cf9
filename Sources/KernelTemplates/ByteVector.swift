// Bytes as vectors of floats. A byte's value, a product of an unsigned and a signed byte and a sum of up to 514 such products are
// integers up to 2²⁴, which floats hold exactly; so everything except matrix products of bytes is computed in floats, with
// the same result on every processor.

public import CInstructionSets

/// A vector of floats that is loaded from bytes or int32 sums and stored as bytes.
///
/// `flip` is 128 for bytes of two's complement and 0 for others: a byte XOR `flip` counts from 0 to 255.
public protocol ByteVector: FloatVector {
  /// The values of `width` bytes XOR `flip`.
  static func load(bytes: UnsafePointer<UInt8>, flip: UInt8) -> Self
  /// The values of `width` integers, each rounded to the nearest float, ties to even.
  static func load(sums: UnsafePointer<Int32>) -> Self
  /// Float(self + sums), the addition in wrapping int32; self integral.
  func adding(sums: UnsafePointer<Int32>) -> Self
  /// Stores the nearest integers, ties to even, plus `zero`, modulo 256, for |self| < 2²².
  func store(bytes: UnsafeMutablePointer<UInt8>, zero: Int32)
}

/// A vector of floats of which four are made into bytes at once: a third of the instructions that one by one take.
public protocol PackedByteVector: ByteVector {
  /// 4 · width bytes.
  associatedtype Bytes

  /// The bytes of four vectors, 16 for every four lanes: four bytes of each vector.
  static func packed(_ a: Self, _ b: Self, _ c: Self, _ d: Self, _ form: isa_byte_form) -> Bytes
  /// Such bytes, vector by vector.
  static func ordered(_ packed: Bytes) -> Bytes
  static func store(_ bytes: Bytes, _ to: UnsafeMutablePointer<UInt8>)
  static func store(_ bytes: Bytes, halves a: UnsafeMutablePointer<UInt8>, _ b: UnsafeMutablePointer<UInt8>)
  static func store(
    _ bytes: Bytes, quarters a: UnsafeMutablePointer<UInt8>, _ b: UnsafeMutablePointer<UInt8>,
    _ c: UnsafeMutablePointer<UInt8>, _ d: UnsafeMutablePointer<UInt8>)
}

extension SIMD4<Float>: ByteVector {
  @inline(__always) @inlinable public static func load(bytes: UnsafePointer<UInt8>, flip: UInt8) -> Self {
    isa_floats_of_bytes_4(bytes, flip)
  }
  @inline(__always) @inlinable public static func load(sums: UnsafePointer<Int32>) -> Self {
    isa_floats_of_sums_4(sums)
  }
  @inline(__always) @inlinable public func adding(sums: UnsafePointer<Int32>) -> Self { isa_adding_sums_4(self, sums) }
  @inline(__always) @inlinable public func store(bytes: UnsafeMutablePointer<UInt8>, zero: Int32) {
    isa_store_bytes_4(self, zero, bytes)
  }
}

extension SIMD8<Float>: ByteVector {
  @inline(__always) @inlinable public static func load(bytes: UnsafePointer<UInt8>, flip: UInt8) -> Self {
    isa_floats_of_bytes_8(bytes, flip)
  }
  @inline(__always) @inlinable public static func load(sums: UnsafePointer<Int32>) -> Self {
    isa_floats_of_sums_8(sums)
  }
  @inline(__always) @inlinable public func adding(sums: UnsafePointer<Int32>) -> Self { isa_adding_sums_8(self, sums) }
  @inline(__always) @inlinable public func store(bytes: UnsafeMutablePointer<UInt8>, zero: Int32) {
    isa_store_bytes_8(self, zero, bytes)
  }
}

extension SIMD16<Float>: ByteVector {
  @inline(__always) @inlinable public static func load(bytes: UnsafePointer<UInt8>, flip: UInt8) -> Self {
    isa_floats_of_bytes_16(bytes, flip)
  }
  @inline(__always) @inlinable public static func load(sums: UnsafePointer<Int32>) -> Self {
    isa_floats_of_sums_16(sums)
  }
  @inline(__always) @inlinable public func adding(sums: UnsafePointer<Int32>) -> Self { isa_adding_sums_16(self, sums) }
  @inline(__always) @inlinable public func store(bytes: UnsafeMutablePointer<UInt8>, zero: Int32) {
    isa_store_bytes_16(self, zero, bytes)
  }
}

extension SIMD4<Float>: PackedByteVector {
  @inline(__always) @inlinable
  public static func packed(_ a: Self, _ b: Self, _ c: Self, _ d: Self, _ form: isa_byte_form) -> SIMD16<UInt8> {
    isa_packed_4(a, b, c, d, form)
  }
  @inline(__always) @inlinable public static func ordered(_ packed: SIMD16<UInt8>) -> SIMD16<UInt8> {
    isa_ordered_4(packed)
  }
  @inline(__always) @inlinable public static func store(_ bytes: SIMD16<UInt8>, _ to: UnsafeMutablePointer<UInt8>) {
    isa_store_16(bytes, to)
  }
  @inline(__always) @inlinable
  public static func store(
    _ bytes: SIMD16<UInt8>, halves a: UnsafeMutablePointer<UInt8>, _ b: UnsafeMutablePointer<UInt8>
  ) { isa_store_halves_16(bytes, a, b) }
  @inline(__always) @inlinable
  public static func store(
    _ bytes: SIMD16<UInt8>, quarters a: UnsafeMutablePointer<UInt8>, _ b: UnsafeMutablePointer<UInt8>,
    _ c: UnsafeMutablePointer<UInt8>, _ d: UnsafeMutablePointer<UInt8>
  ) { isa_store_quarters_16(bytes, a, b, c, d) }
}

extension SIMD8<Float>: PackedByteVector {
  @inline(__always) @inlinable
  public static func packed(_ a: Self, _ b: Self, _ c: Self, _ d: Self, _ form: isa_byte_form) -> SIMD32<UInt8> {
    isa_packed_8(a, b, c, d, form)
  }
  @inline(__always) @inlinable public static func ordered(_ packed: SIMD32<UInt8>) -> SIMD32<UInt8> {
    isa_ordered_8(packed)
  }
  @inline(__always) @inlinable public static func store(_ bytes: SIMD32<UInt8>, _ to: UnsafeMutablePointer<UInt8>) {
    isa_store_32(bytes, to)
  }
  @inline(__always) @inlinable
  public static func store(
    _ bytes: SIMD32<UInt8>, halves a: UnsafeMutablePointer<UInt8>, _ b: UnsafeMutablePointer<UInt8>
  ) { isa_store_halves_32(bytes, a, b) }
  @inline(__always) @inlinable
  public static func store(
    _ bytes: SIMD32<UInt8>, quarters a: UnsafeMutablePointer<UInt8>, _ b: UnsafeMutablePointer<UInt8>,
    _ c: UnsafeMutablePointer<UInt8>, _ d: UnsafeMutablePointer<UInt8>
  ) { isa_store_quarters_32(bytes, a, b, c, d) }
}

extension SIMD16<Float>: PackedByteVector {
  @inline(__always) @inlinable
  public static func packed(_ a: Self, _ b: Self, _ c: Self, _ d: Self, _ form: isa_byte_form) -> SIMD64<UInt8> {
    isa_packed_16(a, b, c, d, form)
  }
  @inline(__always) @inlinable public static func ordered(_ packed: SIMD64<UInt8>) -> SIMD64<UInt8> {
    isa_ordered_16(packed)
  }
  @inline(__always) @inlinable public static func store(_ bytes: SIMD64<UInt8>, _ to: UnsafeMutablePointer<UInt8>) {
    isa_store_64(bytes, to)
  }
  @inline(__always) @inlinable
  public static func store(
    _ bytes: SIMD64<UInt8>, halves a: UnsafeMutablePointer<UInt8>, _ b: UnsafeMutablePointer<UInt8>
  ) { isa_store_halves_64(bytes, a, b) }
  @inline(__always) @inlinable
  public static func store(
    _ bytes: SIMD64<UInt8>, quarters a: UnsafeMutablePointer<UInt8>, _ b: UnsafeMutablePointer<UInt8>,
    _ c: UnsafeMutablePointer<UInt8>, _ d: UnsafeMutablePointer<UInt8>
  ) { isa_store_quarters_64(bytes, a, b, c, d) }
}

extension ScalarVector: ByteVector {
  @inline(__always) @inlinable public static func load(bytes: UnsafePointer<UInt8>, flip: UInt8) -> Self {
    Self(repeating: Float(bytes[0] ^ flip))
  }
  @inline(__always) @inlinable public static func load(sums: UnsafePointer<Int32>) -> Self {
    Self(repeating: Float(sums[0]))
  }
  @inline(__always) @inlinable public func adding(sums: UnsafePointer<Int32>) -> Self {
    Self(repeating: Float(Int32(lane) &+ sums[0]))
  }
  @inline(__always) @inlinable public func store(bytes: UnsafeMutablePointer<UInt8>, zero: Int32) {
    // 1.5 · 2²³: the sum's last bits are the integer, rounded as the addition rounds.
    let integer = Int32(bitPattern: (lane + 12_582_912).bitPattern) &- 0x4B40_0000
    bytes[0] = UInt8(truncatingIfNeeded: integer &+ zero)
  }
}
