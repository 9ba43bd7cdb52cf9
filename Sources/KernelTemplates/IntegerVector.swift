// Vectors of integers that wrap, for Winograd convolutions of bytes: operands of 16 bits, sums of 32. Named once per width, for the reason
// of `FloatVector`.

public import CInstructionSets

/// A vector of 16-bit integers.
public protocol WordVector: SIMD, SendableMetatype where Scalar == Int16 {
  /// As many bytes as lanes, each XOR `flip`, as numbers of 0…255.
  static func load(bytes: UnsafePointer<UInt8>, flip: UInt8) -> Self
  /// As many bytes in two's complement as lanes.
  static func load(signedBytes: UnsafePointer<Int8>) -> Self
  static func &+ (a: Self, b: Self) -> Self
  static func &- (a: Self, b: Self) -> Self
  static func &* (a: Self, b: Self) -> Self
}

/// A vector of int32 sums.
public protocol SumVector: SIMD, SendableMetatype where Scalar == Int32 {
  static func &+ (a: Self, b: Self) -> Self
  static func &- (a: Self, b: Self) -> Self
  static func &* (a: Self, b: Self) -> Self
  /// ⌊self / 2^bits⌋
  func shiftedRight(by bits: Int32) -> Self
}

extension WordVector {
  @inline(__always) @inlinable static func load(_ from: UnsafePointer<Int16>) -> Self {
    UnsafeRawPointer(from).loadUnaligned(as: Self.self)
  }
  @inline(__always) @inlinable func store(_ to: UnsafeMutablePointer<Int16>) {
    UnsafeMutableRawPointer(to).storeBytes(of: self, as: Self.self)
  }
  @inline(__always) @inlinable static func &* (a: Int16, b: Self) -> Self { Self(repeating: a) &* b }
}

extension SumVector {
  @inline(__always) @inlinable static func load(_ from: UnsafePointer<Int32>) -> Self {
    UnsafeRawPointer(from).loadUnaligned(as: Self.self)
  }
  @inline(__always) @inlinable func store(_ to: UnsafeMutablePointer<Int32>) {
    UnsafeMutableRawPointer(to).storeBytes(of: self, as: Self.self)
  }
  @inline(__always) @inlinable static func &* (a: Int32, b: Self) -> Self { Self(repeating: a) &* b }
}

extension SIMD8: WordVector where Scalar == Int16 {
  @inline(__always) @inlinable public static func load(bytes: UnsafePointer<UInt8>, flip: UInt8) -> Self {
    isa_words_of_bytes_8(bytes, flip)
  }
  @inline(__always) @inlinable public static func load(signedBytes: UnsafePointer<Int8>) -> Self {
    isa_words_of_signed_bytes_8(signedBytes)
  }
}

extension SIMD16: WordVector where Scalar == Int16 {
  @inline(__always) @inlinable public static func load(bytes: UnsafePointer<UInt8>, flip: UInt8) -> Self {
    isa_words_of_bytes_16(bytes, flip)
  }
  @inline(__always) @inlinable public static func load(signedBytes: UnsafePointer<Int8>) -> Self {
    isa_words_of_signed_bytes_16(signedBytes)
  }
}

extension SIMD32: WordVector where Scalar == Int16 {
  @inline(__always) @inlinable public static func load(bytes: UnsafePointer<UInt8>, flip: UInt8) -> Self {
    isa_words_of_bytes_32(bytes, flip)
  }
  @inline(__always) @inlinable public static func load(signedBytes: UnsafePointer<Int8>) -> Self {
    isa_words_of_signed_bytes_32(signedBytes)
  }
}

extension SIMD4: SumVector where Scalar == Int32 {
  @inline(__always) @inlinable public func shiftedRight(by bits: Int32) -> Self { isa_shifted_right_4(self, bits) }
}

extension SIMD8: SumVector where Scalar == Int32 {
  @inline(__always) @inlinable public func shiftedRight(by bits: Int32) -> Self { isa_shifted_right_8(self, bits) }
}

extension SIMD16: SumVector where Scalar == Int32 {
  @inline(__always) @inlinable public func shiftedRight(by bits: Int32) -> Self { isa_shifted_right_16(self, bits) }
}
