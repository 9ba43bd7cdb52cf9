// Winograd's minimal filtering in one dimension: F(2, 3) and F(4, 3) of Lavin & Gray 2016, "Fast Algorithms for Convolutional Neural
// Networks", section 4, with common terms shared.

/// The three transforms of F(outputs, 3). Each reads its elements through `load` and hands results to `store`.
public protocol WinogradTile {
  /// Outputs of a tile in one dimension, m.
  static var outputs: Int { get }
  /// Bᵀd: `outputs + 2` inputs to as many.
  static func input<V: FloatVector>(_: V.Type, load: (Int) -> V, store: (Int, V) -> Void)
  /// Gg: 3 weights to `outputs + 2`.
  static func kernel<V: FloatVector>(_: V.Type, load: (Int) -> V, store: (Int, V) -> Void)
  /// Aᵀm: `outputs + 2` products to `outputs`.
  static func output<V: FloatVector>(_: V.Type, load: (Int) -> V, store: (Int, V) -> Void)
}

/// F(2, 3): 4 multiplications for 6.
public enum WinogradTwo: WinogradTile {
  @inline(__always) @inlinable public static var outputs: Int { 2 }

  @inline(__always) @inlinable
  public static func input<V: FloatVector>(_: V.Type, load: (Int) -> V, store: (Int, V) -> Void) {
    let d0 = load(0)
    let d1 = load(1)
    let d2 = load(2)
    let d3 = load(3)
    store(0, d0 - d2)
    store(1, d1 + d2)
    store(2, d2 - d1)
    store(3, d1 - d3)
  }

  @inline(__always) @inlinable
  public static func kernel<V: FloatVector>(_: V.Type, load: (Int) -> V, store: (Int, V) -> Void) {
    let half = V(repeating: 0.5)
    let g0 = load(0)
    let g1 = load(1)
    let g2 = load(2)
    store(0, g0)
    store(1, (g0 + g2 + g1) * half)
    store(2, (g0 + g2 - g1) * half)
    store(3, g2)
  }

  @inline(__always) @inlinable
  public static func output<V: FloatVector>(_: V.Type, load: (Int) -> V, store: (Int, V) -> Void) {
    let m1 = load(1)
    let m2 = load(2)
    store(0, load(0) + m1 + m2)
    store(1, m1 - m2 - load(3))
  }
}

/// F(4, 3): 6 multiplications for 12.
public enum WinogradFour: WinogradTile {
  @inline(__always) @inlinable public static var outputs: Int { 4 }

  @inline(__always) @inlinable
  public static func input<V: FloatVector>(_: V.Type, load: (Int) -> V, store: (Int, V) -> Void) {
    let four = V(repeating: 4)
    let five = V(repeating: 5)
    let d1 = load(1)
    let d2 = load(2)
    let d3 = load(3)
    let d4 = load(4)
    store(0, (d4 - d2 * five).adding(load(0), times: four))
    let near = d4 - d2 * four
    let far = d3 - d1 * four
    store(1, near + far)
    store(2, near - far)
    let even = d4 - d2
    let odd = (d3 - d1) + (d3 - d1)
    store(3, even + odd)
    store(4, even - odd)
    store(5, (load(5) - d3 * five).adding(d1, times: four))
  }

  @inline(__always) @inlinable
  public static func kernel<V: FloatVector>(_: V.Type, load: (Int) -> V, store: (Int, V) -> Void) {
    let g0 = load(0)
    let g1 = load(1)
    let g2 = load(2)
    store(0, g0 * V(repeating: 0.25))
    let sum = (g0 + g2) * V(repeating: -1 / 6)
    let middle = g1 * V(repeating: 1 / 6)
    store(1, sum - middle)
    store(2, sum + middle)
    let weighted = (g0 * V(repeating: 1 / 24)).adding(g2, times: V(repeating: 1 / 6))
    let half = g1 * V(repeating: 1 / 12)
    store(3, weighted + half)
    store(4, weighted - half)
    store(5, g2)
  }

  @inline(__always) @inlinable
  public static func output<V: FloatVector>(_: V.Type, load: (Int) -> V, store: (Int, V) -> Void) {
    let m1 = load(1)
    let m2 = load(2)
    let m3 = load(3)
    let m4 = load(4)
    let sum = m1 + m2
    let difference = m1 - m2
    let farSum = m3 + m4
    let farDifference = m3 - m4
    store(0, load(0) + sum + farSum)
    store(1, difference.adding(farDifference, times: V(repeating: 2)))
    store(2, sum.adding(farSum, times: V(repeating: 4)))
    store(3, (difference + load(5)).adding(farDifference, times: V(repeating: 8)))
  }
}
