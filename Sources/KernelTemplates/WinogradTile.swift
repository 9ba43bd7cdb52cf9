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
///
/// Interpolated at 0, ±5/8, ±3/2 and infinity (oneDNN's points) rather than 0, ±1, ±2 and infinity: the matrices' elements are nearer
/// to one another, which halves the rounding error of a layer and divides its largest by three, and costs nothing where a
/// multiplication comes with an addition. With the points ±a and ±b:
///
///     Bᵀ:  a²b²  0     −a²−b²  0       1  0      Aᵀ:  1  1   1   1   1   0      G:  1/a²b²
///          0     −ab²  −b²     a       1  0           0  a   −a  b   −b  0          (1, ±a, a²) / 2a²(a²−b²)
///          0     ab²   −b²     −a      1  0           0  a²  a²  b²  b²  0          (1, ±b, b²) / 2b²(b²−a²)
///          …                                          0  a³ −a³  b³  −b³ 1          (0, 0, 1)
public enum WinogradFour: WinogradTile {
  @inline(__always) @inlinable public static var outputs: Int { 4 }

  @inline(__always) @inlinable
  public static func input<V: FloatVector>(_: V.Type, load: (Int) -> V, store: (Int, V) -> Void) {
    let product = V(repeating: 0.878_906_25)
    let sum = V(repeating: -2.640_625)
    let d1 = load(1)
    let d2 = load(2)
    let d3 = load(3)
    let d4 = load(4)
    store(0, d4.adding(d2, times: sum).adding(load(0), times: product))
    let nearEven = d4.adding(d2, times: V(repeating: -2.25))
    let nearOdd = d3.adding(d1, times: V(repeating: -2.25))
    store(1, nearEven.adding(nearOdd, times: V(repeating: 0.625)))
    store(2, nearEven.adding(nearOdd, times: V(repeating: -0.625)))
    let farEven = d4.adding(d2, times: V(repeating: -0.390_625))
    let farOdd = d3.adding(d1, times: V(repeating: -0.390_625))
    store(3, farEven.adding(farOdd, times: V(repeating: 1.5)))
    store(4, farEven.adding(farOdd, times: V(repeating: -1.5)))
    store(5, load(5).adding(d3, times: sum).adding(d1, times: product))
  }

  @inline(__always) @inlinable
  public static func kernel<V: FloatVector>(_: V.Type, load: (Int) -> V, store: (Int, V) -> Void) {
    let near = V(repeating: 1 / (2 * 0.390_625 * (0.390_625 - 2.25)))
    let far = V(repeating: 1 / (2 * 2.25 * (2.25 - 0.390_625)))
    let g0 = load(0)
    let g1 = load(1)
    let g2 = load(2)
    store(0, g0 * V(repeating: 1 / 0.878_906_25))
    let nearEven = g0.adding(g2, times: V(repeating: 0.390_625)) * near
    let nearOdd = g1 * V(repeating: 0.625) * near
    store(1, nearEven + nearOdd)
    store(2, nearEven - nearOdd)
    let farEven = g0.adding(g2, times: V(repeating: 2.25)) * far
    let farOdd = g1 * V(repeating: 1.5) * far
    store(3, farEven + farOdd)
    store(4, farEven - farOdd)
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
    store(1, (difference * V(repeating: 0.625)).adding(farDifference, times: V(repeating: 1.5)))
    store(2, (sum * V(repeating: 0.390_625)).adding(farSum, times: V(repeating: 2.25)))
    let cubes = load(5).adding(difference, times: V(repeating: 0.244_140_625))
    store(3, cubes.adding(farDifference, times: V(repeating: 3.375)))
  }
}
