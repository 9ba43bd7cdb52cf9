// A vector of one lane: the same templates finish the elements that do not fill a vector.

/// One float with the arithmetic of one lane of `Body`: an element has the same bits whether it lies in a whole vector or behind the
/// last one, so a result never depends on how a run of elements was cut.
///
/// `Body` also keeps the specialisations of two instruction sets apart, as everywhere in these templates.
public struct ScalarVector<Body: FloatVector>: FloatVector {
  @usableFromInline var lane: Float

  @inline(__always) @inlinable public init(repeating value: Float) { lane = value }
  @inline(__always) @inlinable public static var width: Int { 1 }
  @inline(__always) @inlinable public static var hasMasks: Bool { false }
  @inline(__always) @inlinable public static var fusesMultiplyAdd: Bool { Body.fusesMultiplyAdd }
  @inline(__always) @inlinable public static func load(_ pointer: UnsafePointer<Float>) -> Self {
    Self(repeating: pointer[0])
  }
  @inline(__always) @inlinable public func store(_ pointer: UnsafeMutablePointer<Float>) { pointer[0] = lane }
  @inline(__always) @inlinable public static func load(_ pointer: UnsafePointer<Float>, first count: Int) -> Self {
    load(pointer)
  }
  @inline(__always) @inlinable public func store(_ pointer: UnsafeMutablePointer<Float>, first count: Int) {
    store(pointer)
  }
  @inline(__always) @inlinable public static func + (a: Self, b: Self) -> Self { Self(repeating: a.lane + b.lane) }
  @inline(__always) @inlinable public static func - (a: Self, b: Self) -> Self { Self(repeating: a.lane - b.lane) }
  @inline(__always) @inlinable public static func * (a: Self, b: Self) -> Self { Self(repeating: a.lane * b.lane) }
  @inline(__always) @inlinable public static func / (a: Self, b: Self) -> Self { Self(repeating: a.lane / b.lane) }
  @inline(__always) @inlinable public func adding(_ a: Self, times b: Self) -> Self {
    Body.fusesMultiplyAdd ? Self(repeating: lane.addingProduct(a.lane, b.lane)) : self + a * b
  }
  @inline(__always) @inlinable public func raised(to low: Self) -> Self { lane < low.lane ? low : self }
  @inline(__always) @inlinable public func lowered(to high: Self) -> Self { lane > high.lane ? high : self }
  @inline(__always) @inlinable public func whereNegative(_ negative: Self) -> Self { lane < 0 ? negative : self }
  @inline(__always) @inlinable public func roundedToNearest() -> Self {
    Self(repeating: (lane + roundingShift) - roundingShift)
  }
  @inline(__always) @inlinable public func powerOfTwo() -> Self {
    Self(repeating: Float(bitPattern: (lane + exponentShift).bitPattern &<< 23))
  }
  @inline(__always) @inlinable public var total: Float { lane }
  @inline(__always) @inlinable public var largest: Float { lane }
  @inline(__always) @inlinable public func permuted(_ lanes: UnsafePointer<Int32>) -> Self { self }
}
