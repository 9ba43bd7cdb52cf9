// Sums, normalization and softmax of one row of contiguous floats.
//
// `lanes` is scratch space for 2 · V.width floats: partial sums, and the last elements that do not fill a vector, padded
// to one so that they go through the same arithmetic.

/// lanes[…width] = Σ (input[i] − center) and lanes[width…] = Σ (input[i] − center)², each in `width` partial sums.
@inline(__always) @inlinable
public func momentsRow<V: FloatVector>(
  _: V.Type, _ count: Int, center: Float, _ input: UnsafePointer<Float>, lanes: UnsafeMutablePointer<Float>
) {
  let middle = V(repeating: center)
  var sum = V(repeating: 0)
  var squares = V(repeating: 0)
  var i = 0
  while i &+ V.width <= count {
    let difference = V.load(input + i) - middle
    sum = sum + difference
    squares = squares.adding(difference, times: difference)
    i &+= V.width
  }
  if i < count {
    for lane in 0..<V.width { lanes[lane] = i &+ lane < count ? input[i &+ lane] : center }
    let difference = V.load(lanes) - middle
    sum = sum + difference
    squares = squares.adding(difference, times: difference)
  }
  sum.store(lanes)
  squares.store(lanes + V.width)
}

/// output[i] = (input[i] · factor + offset) · scale[i] + shift[i]. `output` may be `input`.
@inline(__always) @inlinable
public func affineRow<V: FloatVector>(
  _: V.Type, _ count: Int, factor: Float, offset: Float, scale: UnsafePointer<Float>, shift: UnsafePointer<Float>,
  _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>
) {
  let (factors, offsets) = (V(repeating: factor), V(repeating: offset))
  var i = 0
  while i &+ V.width <= count {
    let value = offsets.adding(V.load(input + i), times: factors)
    V.load(shift + i).adding(value, times: V.load(scale + i)).store(output + i)
    i &+= V.width
  }
  while i < count {
    output[i] = (input[i] * factor + offset) * scale[i] + shift[i]
    i &+= 1
  }
}

/// output[i] = e^(factor · input[i] − maximum) / Σ e^(factor · input − maximum), factor ≥ 0. `output` may be `input`.
@inline(__always) @inlinable
public func softmaxRow<V: FloatVector>(
  _: V.Type, _ count: Int, factor: Float, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
  lanes: UnsafeMutablePointer<Float>
) {
  let factors = V(repeating: factor)
  let body = count &- count % V.width
  var maxima = V(repeating: -.infinity)
  var i = 0
  while i < body {
    maxima = maxima.raised(to: V.load(input + i))
    i &+= V.width
  }
  maxima.store(lanes)
  var largest = lanes[0]
  for lane in 1..<V.width where lanes[lane] > largest { largest = lanes[lane] }
  while i < count {
    if input[i] > largest { largest = input[i] }
    i &+= 1
  }
  let shift = V(repeating: largest * factor)
  var sums = V(repeating: 0)
  i = 0
  while i < body {
    let power = exponential(V.load(input + i) * factors - shift)
    power.store(output + i)
    sums = sums + power
    i &+= V.width
  }
  sums.store(lanes + V.width)
  var sum: Float = 0
  for lane in 0..<V.width { sum += lanes[V.width &+ lane] }
  if body < count {
    for lane in 0..<V.width { lanes[lane] = body &+ lane < count ? input[body &+ lane] : largest }
    exponential(V.load(lanes) * factors - shift).store(lanes)
    for lane in 0..<count &- body {
      output[body &+ lane] = lanes[lane]
      sum += lanes[lane]
    }
  }
  let reciprocal = 1 / sum
  let reciprocals = V(repeating: reciprocal)
  i = 0
  while i < body {
    (V.load(output + i) * reciprocals).store(output + i)
    i &+= V.width
  }
  while i < count {
    output[i] = output[i] * reciprocal
    i &+= 1
  }
}
