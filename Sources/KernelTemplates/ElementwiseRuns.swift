// Operations over contiguous floats. `output` may be an input.

/// Calls `body` with the first element of every vector, then of every single element that is left.
@inline(__always) @inlinable
func inVectors(_ count: Int, width: Int, vector: (Int) -> Void, rest: (Int) -> Void) {
  var i = 0
  while i &+ width <= count {
    vector(i)
    i &+= width
  }
  while i < count {
    rest(i)
    i &+= 1
  }
}

/// output[i] = activation(input[i])
@inline(__always) @inlinable
public func activateRun<V: FloatVector>(
  _: V.Type, _ activation: VectorActivation, _ count: Int, _ input: UnsafePointer<Float>,
  _ output: UnsafeMutablePointer<Float>
) {
  inVectors(count, width: V.width) {
    applied(activation, V.load(input + $0)).store(output + $0)
  } rest: {
    applied(activation, ScalarVector<V>.load(input + $0)).store(output + $0)
  }
}

/// output[i] = clamp(a[i] + b[i], low, high)
@inline(__always) @inlinable
public func addRun<V: FloatVector>(
  _: V.Type, _ count: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
  low: Float, high: Float
) {
  inVectors(count, width: V.width) {
    let sum = V.load(a + $0) + V.load(b + $0)
    sum.raised(to: V(repeating: low)).lowered(to: V(repeating: high)).store(output + $0)
  } rest: {
    let sum = ScalarVector<V>.load(a + $0) + ScalarVector<V>.load(b + $0)
    sum.raised(to: ScalarVector<V>(repeating: low)).lowered(to: ScalarVector<V>(repeating: high)).store(output + $0)
  }
}

/// output[i] = a[i] · b[i]
@inline(__always) @inlinable
public func multiplyRun<V: FloatVector>(
  _: V.Type, _ count: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>
) {
  inVectors(count, width: V.width) {
    (V.load(a + $0) * V.load(b + $0)).store(output + $0)
  } rest: {
    (ScalarVector<V>.load(a + $0) * ScalarVector<V>.load(b + $0)).store(output + $0)
  }
}

/// output[i] = e^(input[i] − shift)
@inline(__always) @inlinable
public func exponentialRun<V: FloatVector>(
  _: V.Type, _ count: Int, shift: Float, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>
) {
  inVectors(count, width: V.width) {
    exponential(V.load(input + $0) - V(repeating: shift)).store(output + $0)
  } rest: {
    exponential(ScalarVector<V>.load(input + $0) - ScalarVector<V>(repeating: shift)).store(output + $0)
  }
}
