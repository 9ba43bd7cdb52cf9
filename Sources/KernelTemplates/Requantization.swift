// From scaled values to bytes: one definition for every kernel and processor.

public import CInstructionSets

/// How values in units of a tensor's scale become its bytes: held to `low`…`high`, rounded to the nearest integer, ties to even, then
/// moved by `zero`, in integers.
public struct ByteRange: Sendable, Equatable {
  /// The smallest and largest byte that may result, less `zero`.
  public var low: Float
  public var high: Float
  /// The byte that stands for 0: −128…127 in two's complement, else 0…255.
  public var zero: Int32

  @inlinable public init(low: Float, high: Float, zero: Int32) {
    self.low = low
    self.high = high
    self.zero = zero
  }
  /// `value` held to `low`…`high`; NaN becomes `low`.
  @inline(__always) @inlinable func clamp<V: FloatVector>(_ value: V) -> V {
    V(repeating: low).raised(to: value).lowered(to: V(repeating: high))
  }
  @inline(__always) @inlinable func store<V: ByteVector>(_ value: V, _ to: UnsafeMutablePointer<UInt8>) {
    clamp(value).store(bytes: to, zero: zero)
  }
  /// For four vectors at once. Bytes that may be negative count from −128, and are flipped at the end: `low` and `high` are whole numbers, so
  /// that it is all one whether a value is held to them before it is rounded or after.
  @inline(__always) @inlinable var form: isa_byte_form {
    let lowest = Int32(low) &+ zero
    let offset: Int32 = lowest < 0 ? 128 : 0
    return isa_byte_form(
      high: high, zero: Int16(truncatingIfNeeded: zero &+ offset), low: UInt8(truncatingIfNeeded: lowest &+ offset),
      flip: UInt8(truncatingIfNeeded: offset))
  }
}

/// Bytes that are read: a value is (byte XOR flip) − zero.
public struct ByteInput: Sendable, Equatable {
  /// 128 for bytes in two's complement, else 0.
  public var flip: UInt8
  /// 0…255: the byte that stands for 0, XOR `flip`.
  public var zero: Float

  @inlinable public init(flip: UInt8, zero: Float) {
    self.flip = flip
    self.zero = zero
  }
  @inline(__always) @inlinable func load<V: ByteVector>(_: V.Type, _ from: UnsafePointer<UInt8>) -> V {
    V.load(bytes: from, flip: flip) - V(repeating: zero)
  }
}
