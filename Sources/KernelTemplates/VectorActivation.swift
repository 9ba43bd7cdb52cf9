// The activation functions over vectors.

/// What is done to every element; `Kernels.Activation` in the terms of the templates.
public enum VectorActivation: Sendable {
  case clamp(low: Float, high: Float)
  case sigmoid
  /// clamp(alpha · x + beta, 0, 1)
  case hardSigmoid(alpha: Float, beta: Float)
  case hardSwish
  case leakyRelu(alpha: Float)
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

@inline(__always) @inlinable
func applied<V: FloatVector>(_ activation: VectorActivation, _ x: V) -> V {
  let zero = V(repeating: 0)
  let one = V(repeating: 1)
  switch activation {
  case .clamp(let low, let high): return x.raised(to: V(repeating: low)).lowered(to: V(repeating: high))
  case .sigmoid: return one / (one + exponential(zero - x))
  case .hardSigmoid(let alpha, let beta):
    return V(repeating: beta).adding(V(repeating: alpha), times: x).raised(to: zero).lowered(to: one)
  case .hardSwish:
    let gate = V(repeating: 0.5).adding(x, times: V(repeating: 1 / 6))
    return x * gate.raised(to: zero).lowered(to: one)
  case .leakyRelu(let alpha): return x.whereNegative(x * V(repeating: alpha))
  }
}
