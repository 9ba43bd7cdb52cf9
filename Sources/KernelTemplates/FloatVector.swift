// The vector that every kernel is written over. Swift's generic SIMD operations loop over lanes, so the concrete ones are
// named here, once per width; all of them inline away.

public import CInstructionSets

/// A vector of floats, one register wide on the instruction set its kernel is compiled for.
public protocol FloatVector: SendableMetatype {
  init(repeating value: Float)
  /// Lanes.
  static var width: Int { get }
  static func load(_ pointer: UnsafePointer<Float>) -> Self
  func store(_ pointer: UnsafeMutablePointer<Float>)
  /// Whether the first lanes alone are read and written as fast as all.
  static var hasMasks: Bool { get }
  /// The first `count` lanes, 0 in the others. Nothing behind them is read.
  static func load(_ pointer: UnsafePointer<Float>, first count: Int) -> Self
  /// Writes the first `count` lanes alone.
  func store(_ pointer: UnsafeMutablePointer<Float>, first count: Int)
  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func * (a: Self, b: Self) -> Self
  static func / (a: Self, b: Self) -> Self
  /// Whether `adding(_:times:)` rounds once.
  static var fusesMultiplyAdd: Bool { get }
  /// self + a · b, rounded once where the instruction set can.
  func adding(_ a: Self, times b: Self) -> Self
  /// The lanes of `low` where self is below them. NaN stays NaN.
  func raised(to low: Self) -> Self
  /// The lanes of `high` where self is above them. NaN stays NaN.
  func lowered(to high: Self) -> Self
  /// `negative` where self < 0, self elsewhere.
  func whereNegative(_ negative: Self) -> Self
  /// The nearest integer, for |self| < 2^22.
  func roundedToNearest() -> Self
  /// 2^self, self integral in −126…127.
  func powerOfTwo() -> Self
  /// The sum of all lanes: halves are added until one lane is left.
  var total: Float { get }
  /// The largest lane. Lanes that are NaN may be passed over.
  var largest: Float { get }
  /// Lane i is lane `lanes[i]` of self. `lanes`: (width)
  func permuted(_ lanes: UnsafePointer<Int32>) -> Self
}

/// 1.5 · 2²³. Floats of this size are whole numbers, so adding it rounds |x| < 2²² to the nearest one, halves to even;
/// subtracting it again is exact.
@inline(__always) @inlinable var roundingShift: Float { 0x1.8p23 }

/// The same plus 127, the bias of an exponent: added to an integral x, it leaves x + 127 in the low bits of the sum's significand.
/// Shifted left by 23, the width of a significand, those bits are the exponent of 2^x; the others are shifted out.
@inline(__always) @inlinable var exponentShift: Float { 0x1.8p23 + 127 }

extension SIMD4<Float>: FloatVector {
  @inline(__always) @inlinable public static var width: Int { 4 }
  @inline(__always) @inlinable public static var hasMasks: Bool { false }
  @inline(__always) @inlinable public static var fusesMultiplyAdd: Bool {
    #if arch(arm64)
      true
    #else
      false
    #endif
  }
  @inline(__always) @inlinable public static func load(_ pointer: UnsafePointer<Float>) -> Self {
    UnsafeRawPointer(pointer).loadUnaligned(as: Self.self)
  }
  @inline(__always) @inlinable public func store(_ pointer: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(pointer).storeBytes(of: self, as: Self.self)
  }
  @inline(__always) @inlinable public static func load(_ pointer: UnsafePointer<Float>, first count: Int) -> Self {
    isa_load_first_4(pointer, Int32(truncatingIfNeeded: count))
  }
  @inline(__always) @inlinable public func store(_ pointer: UnsafeMutablePointer<Float>, first count: Int) {
    isa_store_first_4(self, pointer, Int32(truncatingIfNeeded: count))
  }
  @inline(__always) @inlinable public func adding(_ a: Self, times b: Self) -> Self {
    #if arch(arm64)
      addingProduct(a, b)
    #else
      self + a * b  // SSE has no fused form; `addingProduct` would call libm's fma lane by lane
    #endif
  }
  @inline(__always) @inlinable public func raised(to low: Self) -> Self { isa_raised_4(self, low) }
  @inline(__always) @inlinable public func lowered(to high: Self) -> Self { isa_lowered_4(self, high) }
  @inline(__always) @inlinable public func whereNegative(_ negative: Self) -> Self {
    replacing(with: negative, where: self .< Self())
  }
  @inline(__always) @inlinable public func roundedToNearest() -> Self { (self + roundingShift) - roundingShift }
  @inline(__always) @inlinable public func powerOfTwo() -> Self {
    unsafeBitCast(unsafeBitCast(self + exponentShift, to: SIMD4<Int32>.self) &<< 23, to: Self.self)
  }
  @inline(__always) @inlinable public var total: Float { (self[0] + self[2]) + (self[1] + self[3]) }
  @inline(__always) @inlinable public var largest: Float {
    let (a, b) = (self[0] < self[2] ? self[2] : self[0], self[1] < self[3] ? self[3] : self[1])
    return a < b ? b : a
  }
  @inline(__always) @inlinable public func permuted(_ lanes: UnsafePointer<Int32>) -> Self {
    isa_permute_4(self, lanes)
  }
}

extension SIMD8<Float>: FloatVector {
  @inline(__always) @inlinable public static var width: Int { 8 }
  @inline(__always) @inlinable public static var hasMasks: Bool { false }
  @inline(__always) @inlinable public static var fusesMultiplyAdd: Bool { true }
  @inline(__always) @inlinable public static func load(_ pointer: UnsafePointer<Float>) -> Self {
    UnsafeRawPointer(pointer).loadUnaligned(as: Self.self)
  }
  @inline(__always) @inlinable public func store(_ pointer: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(pointer).storeBytes(of: self, as: Self.self)
  }
  @inline(__always) @inlinable public static func load(_ pointer: UnsafePointer<Float>, first count: Int) -> Self {
    isa_load_first_8(pointer, Int32(truncatingIfNeeded: count))
  }
  @inline(__always) @inlinable public func store(_ pointer: UnsafeMutablePointer<Float>, first count: Int) {
    isa_store_first_8(self, pointer, Int32(truncatingIfNeeded: count))
  }
  @inline(__always) @inlinable public func adding(_ a: Self, times b: Self) -> Self {
    addingProduct(a, b)
  }
  @inline(__always) @inlinable public func raised(to low: Self) -> Self { isa_raised_8(self, low) }
  @inline(__always) @inlinable public func lowered(to high: Self) -> Self { isa_lowered_8(self, high) }
  @inline(__always) @inlinable public func whereNegative(_ negative: Self) -> Self {
    replacing(with: negative, where: self .< Self())
  }
  @inline(__always) @inlinable public func roundedToNearest() -> Self { (self + roundingShift) - roundingShift }
  @inline(__always) @inlinable public func powerOfTwo() -> Self {
    unsafeBitCast(unsafeBitCast(self + exponentShift, to: SIMD8<Int32>.self) &<< 23, to: Self.self)
  }
  @inline(__always) @inlinable public var total: Float { (lowHalf + highHalf).total }
  @inline(__always) @inlinable public var largest: Float { lowHalf.raised(to: highHalf).largest }
  @inline(__always) @inlinable public func permuted(_ lanes: UnsafePointer<Int32>) -> Self {
    isa_permute_8(self, lanes)
  }
}

extension SIMD16<Float>: FloatVector {
  @inline(__always) @inlinable public static var width: Int { 16 }
  @inline(__always) @inlinable public static var hasMasks: Bool { true }
  @inline(__always) @inlinable public static var fusesMultiplyAdd: Bool { true }
  @inline(__always) @inlinable public static func load(_ pointer: UnsafePointer<Float>) -> Self {
    UnsafeRawPointer(pointer).loadUnaligned(as: Self.self)
  }
  @inline(__always) @inlinable public func store(_ pointer: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(pointer).storeBytes(of: self, as: Self.self)
  }
  @inline(__always) @inlinable public static func load(_ pointer: UnsafePointer<Float>, first count: Int) -> Self {
    isa_load_first_16(pointer, Int32(truncatingIfNeeded: count))
  }
  @inline(__always) @inlinable public func store(_ pointer: UnsafeMutablePointer<Float>, first count: Int) {
    isa_store_first_16(self, pointer, Int32(truncatingIfNeeded: count))
  }
  @inline(__always) @inlinable public func adding(_ a: Self, times b: Self) -> Self {
    addingProduct(a, b)
  }
  @inline(__always) @inlinable public func raised(to low: Self) -> Self { isa_raised_16(self, low) }
  @inline(__always) @inlinable public func lowered(to high: Self) -> Self { isa_lowered_16(self, high) }
  @inline(__always) @inlinable public func whereNegative(_ negative: Self) -> Self {
    replacing(with: negative, where: self .< Self())
  }
  @inline(__always) @inlinable public func roundedToNearest() -> Self { (self + roundingShift) - roundingShift }
  @inline(__always) @inlinable public func powerOfTwo() -> Self {
    unsafeBitCast(unsafeBitCast(self + exponentShift, to: SIMD16<Int32>.self) &<< 23, to: Self.self)
  }
  @inline(__always) @inlinable public var total: Float { (lowHalf + highHalf).total }
  @inline(__always) @inlinable public var largest: Float { lowHalf.raised(to: highHalf).largest }
  @inline(__always) @inlinable public func permuted(_ lanes: UnsafePointer<Int32>) -> Self {
    isa_permute_16(self, lanes)
  }
}
