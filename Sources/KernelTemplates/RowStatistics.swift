// Sums, normalization and softmax of one row of contiguous floats.
//
// `lanes` is scratch space for V.width floats: the last elements that do not fill a vector, padded to one so that they go through the
// same arithmetic.

/// Σ (input[i] − center) and Σ (input[i] − center)².
@inline(__always) @inlinable
public func momentsRow<V: FloatVector>(
  _: V.Type, _ count: Int, center: Float, _ input: UnsafePointer<Float>, lanes: UnsafeMutablePointer<Float>
) -> (sum: Float, squares: Float) {
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
  return (sum.total, squares.total)
}

/// Rows of `count` floats, each brought to mean 0 and variance 1 (`centers`) or to a mean square of 1, then multiplied by `scale` and
/// shifted by `shift`, (count) each. `output` may be `input`.
@inline(__always) @inlinable
public func normalizeRows<V: FloatVector>(
  _: V.Type, _ rows: Int, _ count: Int, centers: Bool, epsilon: Float, scale: UnsafePointer<Float>,
  shift: UnsafePointer<Float>, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
  lanes: UnsafeMutablePointer<Float>
) {
  for row in 0..<rows {
    let from = input + row &* count
    let size = Float(count)
    let mean = centers ? momentsRow(V.self, count, center: 0, from, lanes: lanes).sum / size : 0
    let variance = momentsRow(V.self, count, center: mean, from, lanes: lanes).squares / size
    let factor = 1 / (variance + epsilon).squareRoot()
    affineRow(
      V.self, count, factor: factor, offset: 0 - mean * factor, scale: scale, shift: shift, from,
      output + row &* count)
  }
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
  var largest = body > 0 ? maxima.largest : -.infinity
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
  var sum = sums.total
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

/// scores[i] = e^(scores[i] + first[i] + second[i] − maximum); returns the sum of all. Attention's softmax before its division, which is
/// done to the result, a shorter row.
///
/// Elements that fill no vector are computed by a last vector that begins before the body's end; `fresh`, (V.width), is 1 for its lanes
/// that the body has not, 0 for the others.
///
/// - Parameters:
///   - scores: (count), behind which V.width floats may be written.
///   - first: (count) or nil; `second` only where there is a first.
@inline(__always) @inlinable
public func attentionRow<V: FloatVector>(
  _: V.Type, _ count: Int, _ scores: UnsafeMutablePointer<Float>, _ first: UnsafePointer<Float>?,
  _ second: UnsafePointer<Float>?, fresh: UnsafePointer<Float>
) -> Float {
  if count < V.width { return attentionElements(V.self, count, scores, first, second) }
  let body = count &- count % V.width
  // Before the body changes what it overlaps.
  let last = count &- V.width
  let tail = addedBiases(V.self, scores, first, second, last)
  var maxima = tail
  var i = 0
  while i < body {
    let score = addedBiases(V.self, scores, first, second, i)
    score.store(scores + i)
    maxima = maxima.raised(to: score)
    i &+= V.width
  }
  let shift = V(repeating: maxima.largest)
  var sums = V(repeating: 0)
  i = 0
  while i < body {
    let power = exponential(V.load(scores + i) - shift)
    power.store(scores + i)
    sums = sums + power
    i &+= V.width
  }
  if body < count {
    let power = exponential(tail - shift)
    power.store(scores + last)
    sums = sums.adding(power, times: V.load(fresh))
  }
  return sums.total
}

@inline(__always) @inlinable
func addedBiases<V: FloatVector>(
  _: V.Type, _ scores: UnsafePointer<Float>, _ first: UnsafePointer<Float>?, _ second: UnsafePointer<Float>?,
  _ index: Int
) -> V {
  let score = V.load(scores + index)
  guard let first else { return score }
  let sum = score + V.load(first + index)
  guard let second else { return sum }
  return sum + V.load(second + index)
}

/// `attentionRow` for fewer elements than a vector has.
@inline(__always) @inlinable
func attentionElements<V: FloatVector>(
  _: V.Type, _ count: Int, _ scores: UnsafeMutablePointer<Float>, _ first: UnsafePointer<Float>?,
  _ second: UnsafePointer<Float>?
) -> Float {
  var largest = -Float.infinity
  for i in 0..<count {
    if let first { scores[i] += first[i] }
    if let second { scores[i] += second[i] }
    if scores[i] > largest { largest = scores[i] }
  }
  var sum: Float = 0
  for i in 0..<count {
    let power = exponential(ScalarVector<V>(repeating: scores[i] - largest))
    power.store(scores + i)
    sum += scores[i]
  }
  return sum
}
