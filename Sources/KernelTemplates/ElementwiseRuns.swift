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

/// As `inVectors`, but that the last vector begins early enough to end with the run, where a run has a vector: for bodies that write nothing
/// they read.
@inline(__always) @inlinable
func inOverlappingVectors(_ count: Int, width: Int, vector: (Int) -> Void, rest: (Int) -> Void) {
  if count < width { return inVectors(count, width: width, vector: vector, rest: rest) }
  var i = 0
  while i < count {
    vector(min(i, count &- width))
    i &+= width
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

/// The operations of `combineRun`.
public enum VectorCombination: Sendable { case add, subtract, multiply, divide }

/// output[i] = a[i · stepA] ∘ b[i · stepB], the steps being 0 or 1 and not both 0.
@inline(__always) @inlinable
public func combineRun<V: FloatVector>(
  _: V.Type, _ combination: VectorCombination, _ count: Int, _ a: UnsafePointer<Float>, stepA: Int,
  _ b: UnsafePointer<Float>, stepB: Int, _ output: UnsafeMutablePointer<Float>
) {
  switch combination {
  case .add: combineSteps(V.self, .add, count, a, stepA, b, stepB, output)
  case .subtract: combineSteps(V.self, .subtract, count, a, stepA, b, stepB, output)
  case .multiply: combineSteps(V.self, .multiply, count, a, stepA, b, stepB, output)
  case .divide: combineSteps(V.self, .divide, count, a, stepA, b, stepB, output)
  }
}

/// The same with a combination that is known when this is compiled.
@inline(__always) @inlinable
func combineSteps<V: FloatVector>(
  _: V.Type, _ combination: VectorCombination, _ count: Int, _ a: UnsafePointer<Float>, _ stepA: Int,
  _ b: UnsafePointer<Float>, _ stepB: Int, _ output: UnsafeMutablePointer<Float>
) {
  if stepA == 0 {
    let constant = a.pointee
    inVectors(count, width: V.width) {
      combined(combination, V(repeating: constant), V.load(b + $0)).store(output + $0)
    } rest: {
      combined(combination, ScalarVector<V>(repeating: constant), .load(b + $0)).store(output + $0)
    }
  } else if stepB == 0 {
    let constant = b.pointee
    inVectors(count, width: V.width) {
      combined(combination, V.load(a + $0), V(repeating: constant)).store(output + $0)
    } rest: {
      combined(combination, ScalarVector<V>.load(a + $0), .init(repeating: constant)).store(output + $0)
    }
  } else {
    inVectors(count, width: V.width) {
      combined(combination, V.load(a + $0), V.load(b + $0)).store(output + $0)
    } rest: {
      combined(combination, ScalarVector<V>.load(a + $0), .load(b + $0)).store(output + $0)
    }
  }
}

@inline(__always) @inlinable
func combined<V: FloatVector>(_ combination: VectorCombination, _ a: V, _ b: V) -> V {
  switch combination {
  case .add: a + b
  case .subtract: a - b
  case .multiply: a * b
  case .divide: a / b
  }
}

/// output[i] = input[i] · scale[i] + shift[i]
@inline(__always) @inlinable
public func scaleShiftRun<V: FloatVector>(
  _: V.Type, _ count: Int, _ scale: UnsafePointer<Float>, _ shift: UnsafePointer<Float>, _ input: UnsafePointer<Float>,
  _ output: UnsafeMutablePointer<Float>
) {
  inVectors(count, width: V.width) {
    V.load(shift + $0).adding(V.load(input + $0), times: V.load(scale + $0)).store(output + $0)
  } rest: {
    let sum = ScalarVector<V>.load(shift + $0)
    sum.adding(.load(input + $0), times: .load(scale + $0)).store(output + $0)
  }
}
