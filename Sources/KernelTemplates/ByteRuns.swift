// Operations over contiguous bytes. `output` may be an input of the same element type.

/// output[i] = the byte of input[i] / scale; NaN becomes the lowest.
@inline(__always) @inlinable
func quantizeRun<V: ByteVector>(
  _: V.Type, _ count: Int, _ input: UnsafePointer<Float>, scale: Float, _ range: ByteRange,
  _ output: UnsafeMutablePointer<UInt8>
) {
  inVectors(count, width: V.width) {
    range.store(V.load(input + $0) / V(repeating: scale), output + $0)
  } rest: {
    range.store(ScalarVector<V>.load(input + $0) / ScalarVector<V>(repeating: scale), output + $0)
  }
}

/// output[i] = value of input[i] · scale
@inline(__always) @inlinable
func dequantizeRun<V: ByteVector>(
  _: V.Type, _ count: Int, _ input: UnsafePointer<UInt8>, _ form: ByteInput, scale: Float,
  _ output: UnsafeMutablePointer<Float>
) {
  inVectors(count, width: V.width) {
    (form.load(V.self, input + $0) * V(repeating: scale)).store(output + $0)
  } rest: {
    (form.load(ScalarVector<V>.self, input + $0) * ScalarVector<V>(repeating: scale)).store(output + $0)
  }
}

/// output[i] = the byte of value of input[i] · multiplier
@inline(__always) @inlinable
func requantizeRun<V: ByteVector>(
  _: V.Type, _ count: Int, _ input: UnsafePointer<UInt8>, _ form: ByteInput, multiplier: Float, _ range: ByteRange,
  _ output: UnsafeMutablePointer<UInt8>
) {
  inVectors(count, width: V.width) {
    range.store(form.load(V.self, input + $0) * V(repeating: multiplier), output + $0)
  } rest: {
    range.store(form.load(ScalarVector<V>.self, input + $0) * ScalarVector<V>(repeating: multiplier), output + $0)
  }
}

/// One input of `addBytesRun`: values are multiplied by `multiplier`, its scale divided by the result's.
public struct ByteTerm: Sendable, Equatable {
  public var form: ByteInput
  public var multiplier: Float

  @inlinable public init(form: ByteInput, multiplier: Float) {
    self.form = form
    self.multiplier = multiplier
  }
  @inline(__always) @inlinable func load<V: ByteVector>(_: V.Type, _ from: UnsafePointer<UInt8>) -> V {
    form.load(V.self, from) * V(repeating: multiplier)
  }
}

/// output[i] = the byte of value of a[i] · its multiplier + value of b[i] · its multiplier
@inline(__always) @inlinable
func addBytesRun<V: ByteVector>(
  _: V.Type, _ count: Int, _ a: UnsafePointer<UInt8>, _ aTerm: ByteTerm, _ b: UnsafePointer<UInt8>, _ bTerm: ByteTerm,
  _ range: ByteRange, _ output: UnsafeMutablePointer<UInt8>
) {
  inVectors(count, width: V.width) {
    range.store(aTerm.load(V.self, a + $0) + bTerm.load(V.self, b + $0), output + $0)
  } rest: {
    range.store(aTerm.load(ScalarVector<V>.self, a + $0) + bTerm.load(ScalarVector<V>.self, b + $0), output + $0)
  }
}

/// output[i] = the byte of value of a[i] · value of b[i] · multiplier, the first product exact
@inline(__always) @inlinable
func multiplyBytesRun<V: ByteVector>(
  _: V.Type, _ count: Int, _ a: UnsafePointer<UInt8>, _ aForm: ByteInput, _ b: UnsafePointer<UInt8>,
  _ bForm: ByteInput, multiplier: Float, _ range: ByteRange, _ output: UnsafeMutablePointer<UInt8>
) {
  inVectors(count, width: V.width) {
    let product = aForm.load(V.self, a + $0) * bForm.load(V.self, b + $0)
    range.store(product * V(repeating: multiplier), output + $0)
  } rest: {
    let product = aForm.load(ScalarVector<V>.self, a + $0) * bForm.load(ScalarVector<V>.self, b + $0)
    range.store(product * ScalarVector<V>(repeating: multiplier), output + $0)
  }
}
