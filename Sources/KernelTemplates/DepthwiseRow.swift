// Depthwise convolution: every channel has its own small kernel, so it cannot be computed as a matrix product.
// A vector holds neighbouring channels; four neighbouring outputs share each load of the weights.

/// One output row.
///
/// - Parameters:
///   - weights: (kernelRows, kernelWidth, weightStride), the first kernel row being the first that `row` has.
///   - bias: (channels)
///   - residual: this output row's, pixels `residualStride` apart, or nil.
@inline(__always) @inlinable
public func depthwiseRow<V: FloatVector>(
  _: V.Type, _ row: WindowRow, weights: UnsafePointer<Float>, weightStride: Int, bias: UnsafePointer<Float>,
  residual: UnsafePointer<Float>?, residualStride: Int, low: Float, high: Float
) {
  var x = 0
  if let threes = DepthwiseThrees(row, overlaps: residual == nil) {
    // Four outputs at a time; the last four begin early enough to end with the row.
    while x < row.outWidth {
      let start = min(x, row.outWidth &- 4)
      inVectors(row.channels, width: V.width) {
        threes.four(V.self, start, $0, weights, weightStride, bias, residual, residualStride, low, high)
      } rest: {
        threes.four(ScalarVector<V>.self, start, $0, weights, weightStride, bias, residual, residualStride, low, high)
      }
      x &+= 4
    }
  }
  while x < row.outWidth {
    let whole = row.firstColumn(x) == 0 && x &+ 3 < row.outWidth && row.endColumn(x &+ 3) == row.kernelWidth
    if whole {
      inVectors(row.channels, width: V.width) {
        depthwiseFour(V.self, row, x, $0, weights, weightStride, bias, residual, residualStride, low, high)
      } rest: {
        depthwiseFour(
          ScalarVector<V>.self, row, x, $0, weights, weightStride, bias, residual, residualStride, low, high)
      }
    } else {
      inVectors(row.channels, width: V.width) {
        depthwiseOne(V.self, row, x, $0, weights, weightStride, bias, residual, residualStride, low, high)
      } rest: {
        depthwiseOne(ScalarVector<V>.self, row, x, $0, weights, weightStride, bias, residual, residualStride, low, high)
      }
    }
    x &+= whole ? 4 : 1
  }
}

/// The outputs x…x+3 of one vector of channels, their windows wholly inside.
@inline(__always) @inlinable
func depthwiseFour<V: FloatVector>(
  _: V.Type, _ row: WindowRow, _ x: Int, _ channel: Int, _ weights: UnsafePointer<Float>, _ weightStride: Int,
  _ bias: UnsafePointer<Float>, _ residual: UnsafePointer<Float>?, _ residualStride: Int, _ low: Float, _ high: Float
) {
  var sum0 = V.load(bias + channel)
  var sum1 = sum0
  var sum2 = sum0
  var sum3 = sum0
  let next = row.strideWidth &* row.inputStride
  let across = row.dilationWidth &* row.inputStride
  var weight = weights + channel
  var line = row.pixel(x, 0) + channel
  for _ in 0..<row.kernelRows {
    var pixel = line
    for _ in 0..<row.kernelWidth {
      let w = V.load(weight)
      sum0 = sum0.adding(V.load(pixel), times: w)
      sum1 = sum1.adding(V.load(pixel + next), times: w)
      sum2 = sum2.adding(V.load(pixel + 2 &* next), times: w)
      sum3 = sum3.adding(V.load(pixel + 3 &* next), times: w)
      weight += weightStride
      pixel += across
    }
    line += row.rowStep
  }
  storeFour(row, x, channel, sum0, sum1, sum2, sum3, residual, residualStride, low, high)
}

/// clamp(sum + residual) of the outputs x…x+3 of one vector of channels, where they belong.
@inline(__always) @inlinable
func storeFour<V: FloatVector>(
  _ row: WindowRow, _ x: Int, _ channel: Int, _ sum0: V, _ sum1: V, _ sum2: V, _ sum3: V,
  _ residual: UnsafePointer<Float>?, _ residualStride: Int, _ low: Float, _ high: Float
) {
  var (sum0, sum1, sum2, sum3) = (sum0, sum1, sum2, sum3)
  if let residual {
    let from = residual + x &* residualStride + channel
    sum0 = sum0 + V.load(from)
    sum1 = sum1 + V.load(from + residualStride)
    sum2 = sum2 + V.load(from + 2 &* residualStride)
    sum3 = sum3 + V.load(from + 3 &* residualStride)
  }
  let lows = V(repeating: low)
  let highs = V(repeating: high)
  let to = row.output + x &* row.outputStride + channel
  sum0.raised(to: lows).lowered(to: highs).store(to)
  sum1.raised(to: lows).lowered(to: highs).store(to + row.outputStride)
  sum2.raised(to: lows).lowered(to: highs).store(to + 2 &* row.outputStride)
  sum3.raised(to: lows).lowered(to: highs).store(to + 3 &* row.outputStride)
}

/// The output x of one vector of channels, its window cut at the input's edges.
@inline(__always) @inlinable
func depthwiseOne<V: FloatVector>(
  _: V.Type, _ row: WindowRow, _ x: Int, _ channel: Int, _ weights: UnsafePointer<Float>, _ weightStride: Int,
  _ bias: UnsafePointer<Float>, _ residual: UnsafePointer<Float>?, _ residualStride: Int, _ low: Float, _ high: Float
) {
  var sum = V.load(bias + channel)
  let first = row.firstColumn(x)
  let end = row.endColumn(x)
  for ky in 0..<row.kernelRows {
    var column = first
    while column < end {
      let w = V.load(weights + (ky &* row.kernelWidth &+ column) &* weightStride + channel)
      sum = sum.adding(V.load(row.pixel(x, column) + ky &* row.rowStep + channel), times: w)
      column &+= 1
    }
  }
  if let residual { sum = sum + V.load(residual + x &* residualStride + channel) }
  sum.raised(to: V(repeating: low)).lowered(to: V(repeating: high)).store(row.output + x &* row.outputStride + channel)
}
