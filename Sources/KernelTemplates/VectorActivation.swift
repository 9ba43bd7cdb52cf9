// The activation functions over vectors.

/// What is done to every element; `Kernels.Activation` in the terms of the templates.
public enum VectorActivation: Sendable {
  case clamp(low: Float, high: Float)
  case sigmoid
  /// clamp(alpha · x + beta, 0, 1)
  case hardSigmoid(alpha: Float, beta: Float)
  case hardSwish
  case leakyRelu(alpha: Float)
  /// x / (1 + e^(−alpha·x))
  case swish(alpha: Float)
  case tanh
  case erf
  /// x · (1 + erf(x / √2)) / 2
  case gelu
  /// x · (1 + tanh(√(2/π) · (x + 0.044715·x³))) / 2
  case tanhGelu
}

/// e^x to two units in the last place, x held to −87.3…88.7 (Cephes' expf: Cody and Waite's reduction, a polynomial of degree 5).
@inline(__always) @inlinable
public func exponential<V: FloatVector>(_ x: V) -> V {
  let held = x.raised(to: V(repeating: -87.3)).lowered(to: V(repeating: 88.7))
  let n = (held * V(repeating: 1.442_695_04)).roundedToNearest().lowered(to: V(repeating: 127))
  let r = held.adding(n, times: V(repeating: -0.693_359_375)).adding(n, times: V(repeating: 2.121_944_4e-4))
  var p = V(repeating: 1.987_569_15e-4)
  p = V(repeating: 1.398_199_95e-3).adding(p, times: r)
  p = V(repeating: 8.333_451_9e-3).adding(p, times: r)
  p = V(repeating: 4.166_579_6e-2).adding(p, times: r)
  p = V(repeating: 1.666_666_55e-1).adding(p, times: r)
  p = V(repeating: 5.000_000_1e-1).adding(p, times: r)
  return (V(repeating: 1) + r).adding(p, times: r * r) * n.powerOfTwo()
}

/// 1 / (1 + e^(−x·factor)) to 2e-6, x · factor held to ±87: e^y is 2^(n + r) with a polynomial of degree 6 in r, fewer steps than
/// `exponential` takes.
@inline(__always) @inlinable
func logistic<V: FloatVector>(_ x: V, factor: Float) -> V {
  let y = (x * V(repeating: -factor)).raised(to: V(repeating: -87)).lowered(to: V(repeating: 87))
  let binary = V(repeating: 1.442_695_04)
  let n = (y * binary).roundedToNearest()
  let r = (V(repeating: 0) - n).adding(y, times: binary)
  var p = V(repeating: 1.537_070_5e-4)
  p = V(repeating: 1.339_984_8e-3).adding(p, times: r)
  p = V(repeating: 9.618_373e-3).adding(p, times: r)
  p = V(repeating: 5.550_329e-2).adding(p, times: r)
  p = V(repeating: 2.402_264_9e-1).adding(p, times: r)
  p = V(repeating: 6.931_472e-1).adding(p, times: r)
  let one = V(repeating: 1)
  p = one.adding(p, times: r)
  return one / one.adding(p, times: n.powerOfTwo())
}

/// erf(x) to 1e-6: an odd rational function over −4…4 (Eigen's coefficients), scaled so that it ends at exactly ±1.
@inline(__always) @inlinable
func errorFunction<V: FloatVector>(_ x: V) -> V {
  let held = x.raised(to: V(repeating: -4)).lowered(to: V(repeating: 4))
  let square = held * held
  var p = V(repeating: 2.770_681_4e-8).adding(V(repeating: -2.726_142_3e-10), times: square)
  p = V(repeating: -2.101_024_0e-6).adding(p, times: square)
  p = V(repeating: -5.692_506_4e-5).adding(p, times: square)
  p = V(repeating: -7.349_906_3e-4).adding(p, times: square)
  p = V(repeating: -2.954_599_8e-3).adding(p, times: square)
  p = V(repeating: -1.609_603_3e-2).adding(p, times: square)
  var q = V(repeating: -2.133_740_6e-4).adding(V(repeating: -1.456_607_2e-5), times: square)
  q = V(repeating: -1.682_827_0e-3).adding(q, times: square)
  q = V(repeating: -7.373_329_2e-3).adding(q, times: square)
  q = V(repeating: -1.426_473_9e-2).adding(q, times: square)
  return heldToOne(held * p / q)
}

/// tanh(x) to 1e-6, as `errorFunction`, over −7.9…7.9.
@inline(__always) @inlinable
func hyperbolicTangent<V: FloatVector>(_ x: V) -> V {
  let held = x.raised(to: V(repeating: -7.905_311)).lowered(to: V(repeating: 7.905_311))
  let square = held * held
  var p = V(repeating: 2.000_187_9e-13).adding(V(repeating: -2.760_768_5e-16), times: square)
  p = V(repeating: -8.604_671_5e-11).adding(p, times: square)
  p = V(repeating: 5.122_297_1e-8).adding(p, times: square)
  p = V(repeating: 1.485_722_4e-5).adding(p, times: square)
  p = V(repeating: 6.372_619_3e-4).adding(p, times: square)
  p = V(repeating: 4.893_524_6e-3).adding(p, times: square)
  var q = V(repeating: 1.185_347_1e-4).adding(V(repeating: 1.198_258_4e-6), times: square)
  q = V(repeating: 2.268_434_6e-3).adding(q, times: square)
  q = V(repeating: 4.893_525_2e-3).adding(q, times: square)
  return heldToOne(held * p / q)
}

/// A little more than `x`, held to −1…1: what should be ±1 but for its last bits becomes ±1.
@inline(__always) @inlinable
func heldToOne<V: FloatVector>(_ x: V) -> V {
  (x * V(repeating: 1.000_000_4)).raised(to: V(repeating: -1)).lowered(to: V(repeating: 1))
}

@inline(__always) @inlinable
func applied<V: FloatVector>(_ activation: VectorActivation, _ x: V) -> V {
  let zero = V(repeating: 0)
  let one = V(repeating: 1)
  switch activation {
  case .clamp(let low, let high): return x.raised(to: V(repeating: low)).lowered(to: V(repeating: high))
  case .sigmoid: return logistic(x, factor: 1)
  case .hardSigmoid(let alpha, let beta):
    return V(repeating: beta).adding(V(repeating: alpha), times: x).raised(to: zero).lowered(to: one)
  case .hardSwish:
    let gate = V(repeating: 0.5).adding(x, times: V(repeating: 1 / 6))
    return x * gate.raised(to: zero).lowered(to: one)
  case .leakyRelu(let alpha): return x.whereNegative(x * V(repeating: alpha))
  case .swish(let alpha): return x * logistic(x, factor: alpha)
  case .tanh: return hyperbolicTangent(x)
  case .erf: return errorFunction(x)
  case .gelu:
    let half = x * V(repeating: 0.5)
    return half.adding(half, times: errorFunction(x * V(repeating: 0.707_106_78)))
  case .tanhGelu:
    let half = x * V(repeating: 0.5)
    let inner = x.adding(x * x, times: x * V(repeating: 0.044_715)) * V(repeating: 0.797_884_56)
    return half.adding(half, times: hyperbolicTangent(inner))
  }
}
