// Converts one element between little-endian bytes and a number.

extension ElementType {
  /// The element `index` of `bytes`, which need not be aligned, as float32: rounded to nearest from float64, exact from
  /// float16 and bfloat16. Precondition: a floating-point type.
  @unsafe package func float(at index: Int, of bytes: UnsafeRawPointer) -> Float {
    switch self {
    case .float32: unsafe Float(bitPattern: Self.bits(index, bytes))
    case .float16: unsafe HalfPrecision.float(Self.bits(index, bytes))
    case .bfloat16: unsafe BrainFloat.float(Self.bits(index, bytes))
    case .float64: unsafe Float(Double(bitPattern: Self.bits(index, bytes)))
    default: preconditionFailure("\(self) is not a floating-point type")
    }
  }

  /// The element `index` of `bytes`, which need not be aligned; uint64 beyond `Int.max` becomes `Int.max`. Precondition: an
  /// integer type or bool.
  @unsafe package func integer(at index: Int, of bytes: UnsafeRawPointer) -> Int {
    switch self {
    case .int64: unsafe Int(Self.bits(index, bytes) as Int64)
    case .int32: unsafe Int(Self.bits(index, bytes) as Int32)
    case .int16: unsafe Int(Self.bits(index, bytes) as Int16)
    case .int8: unsafe Int(Self.bits(index, bytes) as Int8)
    case .uint64: unsafe Int(clamping: Self.bits(index, bytes) as UInt64)
    case .uint32: unsafe Int(Self.bits(index, bytes) as UInt32)
    case .uint16: unsafe Int(Self.bits(index, bytes) as UInt16)
    case .uint8: unsafe Int(Self.bits(index, bytes) as UInt8)
    case .bool: unsafe Self.bits(index, bytes) as UInt8 == 0 ? 0 : 1
    default: preconditionFailure("\(self) is not an integer type")
    }
  }

  /// `value` as bytes of a floating-point type, rounded to nearest, ties to even.
  package func bytes(of value: Float) -> [UInt8] {
    switch self {
    case .float32: Self.bytes(value.bitPattern)
    case .float16: Self.bytes(HalfPrecision.bits(value))
    case .bfloat16: Self.bytes(BrainFloat.bits(value))
    case .float64: Self.bytes(Double(value).bitPattern)
    default: preconditionFailure("\(self) is not a floating-point type")
    }
  }

  /// `value`, which must be in `integerRange`, as bytes of an integer type.
  package func bytes(of value: Int) -> [UInt8] {
    precondition(integerRange?.contains(value) ?? false, "\(value) is not a value of \(self)")
    return Array(Self.bytes(value).prefix(byteCount))
  }

  @unsafe private static func bits<Bits: FixedWidthInteger & BitwiseCopyable>(
    _ index: Int, _ bytes: UnsafeRawPointer
  ) -> Bits {
    unsafe Bits(littleEndian: bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Bits>.size, as: Bits.self))
  }

  private static func bytes<Bits: FixedWidthInteger>(_ bits: Bits) -> [UInt8] {
    (0..<MemoryLayout<Bits>.size).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
  }
}
