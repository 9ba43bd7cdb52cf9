// Winograd's minimal filtering in one dimension, in integers alone: F(2, 3) and F(4, 3) at the points 0, ±1, (±2,) and infinity, the weights'
// transform multiplied by what clears its fractions. After Lavin & Gray 2016, section 4.

/// The three transforms of F(outputs, 3) in wrapping arithmetic. Each reads its elements through `load` and hands results to `store`.
///
/// Transformed bytes fit in 16 bits, as do transformed weights. In two dimensions results are `quotient`'s divisor times the convolution, modulo 2³²: exact while the convolution is within
/// ±2^`resultBits`.
public protocol IntegerWinogradTile {
  /// Outputs of a tile in one dimension, m.
  static var outputs: Int { get }
  static var resultBits: Int { get }
  /// Bᵀd: `outputs + 2` inputs to as many.
  static func input<V: WordVector>(_: V.Type, load: (Int) -> V, store: (Int, V) -> Void)
  /// Gg: 3 weights to `outputs + 2`.
  static func kernel<V: WordVector>(_: V.Type, load: (Int) -> V, store: (Int, V) -> Void)
  /// Aᵀm: `outputs + 2` products to `outputs`.
  static func output<V: SumVector>(_: V.Type, load: (Int) -> V, store: (Int, V) -> Void)
  static func quotient<V: SumVector>(_ result: V) -> V
}

/// F(2, 3): 2 · 2 times the convolution. Transformed bytes are at most 4 times as large, weights 9 times.
public enum IntegerWinogradTwo: IntegerWinogradTile {
  @inline(__always) @inlinable public static var outputs: Int { 2 }
  @inline(__always) @inlinable public static var resultBits: Int { 29 }

  @inline(__always) @inlinable
  public static func input<V: WordVector>(_: V.Type, load: (Int) -> V, store: (Int, V) -> Void) {
    let d0 = load(0)
    let d1 = load(1)
    let d2 = load(2)
    let d3 = load(3)
    store(0, d0 &- d2)
    store(1, d1 &+ d2)
    store(2, d2 &- d1)
    store(3, d1 &- d3)
  }

  @inline(__always) @inlinable
  public static func kernel<V: WordVector>(_: V.Type, load: (Int) -> V, store: (Int, V) -> Void) {
    let g0 = load(0)
    let g1 = load(1)
    let g2 = load(2)
    store(0, g0 &+ g0)
    store(1, g0 &+ g2 &+ g1)
    store(2, g0 &+ g2 &- g1)
    store(3, g2 &+ g2)
  }

  @inline(__always) @inlinable
  public static func output<V: SumVector>(_: V.Type, load: (Int) -> V, store: (Int, V) -> Void) {
    let m1 = load(1)
    let m2 = load(2)
    store(0, load(0) &+ m1 &+ m2)
    store(1, m1 &- m2 &- load(3))
  }

  @inline(__always) @inlinable
  public static func quotient<V: SumVector>(_ result: V) -> V { result.shiftedRight(by: 2) }
}

/// F(4, 3): 24 · 24 times the convolution. Transformed bytes are at most 100 times as large, weights 144 times.
public enum IntegerWinogradFour: IntegerWinogradTile {
  @inline(__always) @inlinable public static var outputs: Int { 4 }
  @inline(__always) @inlinable public static var resultBits: Int { 25 }

  @inline(__always) @inlinable
  public static func input<V: WordVector>(_: V.Type, load: (Int) -> V, store: (Int, V) -> Void) {
    let d1 = load(1)
    let d2 = load(2)
    let d3 = load(3)
    let d4 = load(4)
    let even = d4 &- d2
    let odd = d3 &- d1
    store(0, 4 &* (load(0) &- d2) &+ even)
    let (farEven, farOdd) = (d4 &- 4 &* d2, d3 &- 4 &* d1)
    store(1, farEven &+ farOdd)
    store(2, farEven &- farOdd)
    store(3, even &+ odd &+ odd)
    store(4, even &- odd &- odd)
    store(5, load(5) &- d3 &- 4 &* odd)
  }

  /// The last one is half of what clears the fractions, to stay within 16 bits; `output` doubles it.
  @inline(__always) @inlinable
  public static func kernel<V: WordVector>(_: V.Type, load: (Int) -> V, store: (Int, V) -> Void) {
    let g0 = load(0)
    let g1 = load(1)
    let g2 = load(2)
    store(0, 6 &* g0)
    let near = -4 &* (g0 &+ g2)
    store(1, near &- 4 &* g1)
    store(2, near &+ 4 &* g1)
    let far = g0 &+ 4 &* g2
    store(3, far &+ 2 &* g1)
    store(4, far &- 2 &* g1)
    store(5, 12 &* g2)
  }

  @inline(__always) @inlinable
  public static func output<V: SumVector>(_: V.Type, load: (Int) -> V, store: (Int, V) -> Void) {
    let m1 = load(1)
    let m2 = load(2)
    let m3 = load(3)
    let m4 = load(4)
    let m5 = load(5)
    let (sum, difference) = (m1 &+ m2, m1 &- m2)
    let (farSum, farDifference) = (m3 &+ m4, m3 &- m4)
    store(0, load(0) &+ sum &+ farSum)
    store(1, difference &+ 2 &* farDifference)
    store(2, sum &+ 4 &* farSum)
    store(3, difference &+ 2 &* (m5 &+ 4 &* farDifference))
  }

  /// 576 = 64 · 9: `result` times the inverse of 9 modulo 2³² is 64 times the convolution.
  @inline(__always) @inlinable
  public static func quotient<V: SumVector>(_ result: V) -> V {
    (954_437_177 &* result).shiftedRight(by: 6)
  }
}
