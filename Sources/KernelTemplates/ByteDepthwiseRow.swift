// Depthwise convolution of bytes whose windows lie wholly inside a padded input. Every sum of up to 258 products of two bytes is exact in a
// float, so the sums are floats until the start value is added to them in int32.

/// Weights and start values of a depthwise convolution of bytes.
public struct ByteDepthwiseWeights {
  /// (kernelHeight, kernelWidth, channels): each weight less its zero point.
  public var weights: UnsafePointer<Float>
  /// (channels): bias − input zero point · Σ weights
  public var start: UnsafePointer<Int32>

  @inlinable public init(weights: UnsafePointer<Float>, start: UnsafePointer<Int32>) {
    self.weights = weights
    self.start = start
  }
}

/// One output row; `epilogue` begins at its first pixel. Its windows need no padding.
///
/// Four outputs at a time share each load of the weights. The last four outputs, and the last vector of channels, begin early enough to
/// end with the row: some results are computed twice, except where a residual may lie where the results go.
@inline(__always) @inlinable
func byteDepthwiseRow<V: ByteVector>(
  _: V.Type, _ row: ByteWindowRow, _ weights: ByteDepthwiseWeights, _ epilogue: ByteEpilogue
) {
  let overlaps = epilogue.residual == nil
  var x = 0
  while x < row.outWidth {
    let isFour = x &+ 4 <= row.outWidth || overlaps && row.outWidth >= 4
    if isFour { x = min(x, row.outWidth &- 4) }
    var channel = 0
    while channel < row.channels {
      if channel &+ V.width <= row.channels || overlaps && row.channels >= V.width {
        channel = min(channel, row.channels &- V.width)
        byteDepthwise(V.self, isFour, row, x, channel, weights, epilogue)
        channel &+= V.width
      } else {
        byteDepthwise(ScalarVector<V>.self, isFour, row, x, channel, weights, epilogue)
        channel &+= 1
      }
    }
    x &+= isFour ? 4 : 1
  }
}

/// The outputs x…x+3, or x alone, of one vector of channels.
@inline(__always) @inlinable
func byteDepthwise<V: ByteVector>(
  _: V.Type, _ isFour: Bool, _ row: ByteWindowRow, _ x: Int, _ channel: Int, _ weights: ByteDepthwiseWeights,
  _ epilogue: ByteEpilogue
) {
  if !isFour {
    byteDepthwiseOne(V.self, row, x, channel, weights, epilogue)
  } else if row.kernelWidth == 3 && row.dilationWidth == 1 && row.strideWidth <= 2 {
    byteDepthwiseThrees(V.self, row, x, channel, weights, epilogue)
  } else {
    byteDepthwiseFour(V.self, row, x, channel, weights, epilogue)
  }
}

/// Four outputs of kernels three pixels wide, one or two apart: neighbours share their pixels.
@inline(__always) @inlinable
func byteDepthwiseThrees<V: ByteVector>(
  _: V.Type, _ row: ByteWindowRow, _ x: Int, _ channel: Int, _ weights: ByteDepthwiseWeights, _ epilogue: ByteEpilogue
) {
  let next = row.inputStride
  var sum0 = V(repeating: 0)
  var sum1 = sum0
  var sum2 = sum0
  var sum3 = sum0
  var weight = weights.weights + channel
  var line = row.pixel(x, 0) + channel
  for _ in 0..<row.kernelRows {
    let w0 = V.load(weight)
    let w1 = V.load(weight + row.channels)
    let w2 = V.load(weight + 2 &* row.channels)
    let p0 = V.load(bytes: line, flip: 0)
    let p1 = V.load(bytes: line + next, flip: 0)
    let p2 = V.load(bytes: line + 2 &* next, flip: 0)
    let p3 = V.load(bytes: line + 3 &* next, flip: 0)
    let p4 = V.load(bytes: line + 4 &* next, flip: 0)
    let p5 = V.load(bytes: line + 5 &* next, flip: 0)
    sum0 = sum0.adding(p0, times: w0).adding(p1, times: w1).adding(p2, times: w2)
    if row.strideWidth == 1 {
      sum1 = sum1.adding(p1, times: w0).adding(p2, times: w1).adding(p3, times: w2)
      sum2 = sum2.adding(p2, times: w0).adding(p3, times: w1).adding(p4, times: w2)
      sum3 = sum3.adding(p3, times: w0).adding(p4, times: w1).adding(p5, times: w2)
    } else {
      let p6 = V.load(bytes: line + 6 &* next, flip: 0)
      let p7 = V.load(bytes: line + 7 &* next, flip: 0)
      let p8 = V.load(bytes: line + 8 &* next, flip: 0)
      sum1 = sum1.adding(p2, times: w0).adding(p3, times: w1).adding(p4, times: w2)
      sum2 = sum2.adding(p4, times: w0).adding(p5, times: w1).adding(p6, times: w2)
      sum3 = sum3.adding(p6, times: w0).adding(p7, times: w1).adding(p8, times: w2)
    }
    weight += 3 &* row.channels
    line += row.rowStep
  }
  writeFour(x, channel, sum0, sum1, sum2, sum3, weights, epilogue)
}

/// Four outputs of any kernel.
@inline(__always) @inlinable
func byteDepthwiseFour<V: ByteVector>(
  _: V.Type, _ row: ByteWindowRow, _ x: Int, _ channel: Int, _ weights: ByteDepthwiseWeights, _ epilogue: ByteEpilogue
) {
  var sum0 = V(repeating: 0)
  var sum1 = sum0
  var sum2 = sum0
  var sum3 = sum0
  let next = row.strideWidth &* row.inputStride
  let across = row.dilationWidth &* row.inputStride
  var weight = weights.weights + channel
  var line = row.pixel(x, 0) + channel
  for _ in 0..<row.kernelRows {
    var pixel = line
    for _ in 0..<row.kernelWidth {
      let w = V.load(weight)
      sum0 = sum0.adding(V.load(bytes: pixel, flip: 0), times: w)
      sum1 = sum1.adding(V.load(bytes: pixel + next, flip: 0), times: w)
      sum2 = sum2.adding(V.load(bytes: pixel + 2 &* next, flip: 0), times: w)
      sum3 = sum3.adding(V.load(bytes: pixel + 3 &* next, flip: 0), times: w)
      weight += row.channels
      pixel += across
    }
    line += row.rowStep
  }
  writeFour(x, channel, sum0, sum1, sum2, sum3, weights, epilogue)
}

@inline(__always) @inlinable
func writeFour<V: ByteVector>(
  _ x: Int, _ channel: Int, _ sum0: V, _ sum1: V, _ sum2: V, _ sum3: V, _ weights: ByteDepthwiseWeights,
  _ epilogue: ByteEpilogue
) {
  let start = weights.start + channel
  epilogue.write(sum0.adding(sums: start), row: x, column: channel)
  epilogue.write(sum1.adding(sums: start), row: x &+ 1, column: channel)
  epilogue.write(sum2.adding(sums: start), row: x &+ 2, column: channel)
  epilogue.write(sum3.adding(sums: start), row: x &+ 3, column: channel)
}

/// One output of any kernel.
@inline(__always) @inlinable
func byteDepthwiseOne<V: ByteVector>(
  _: V.Type, _ row: ByteWindowRow, _ x: Int, _ channel: Int, _ weights: ByteDepthwiseWeights, _ epilogue: ByteEpilogue
) {
  var sum = V(repeating: 0)
  var weight = weights.weights + channel
  var line = row.pixel(x, 0) + channel
  for _ in 0..<row.kernelRows {
    var pixel = line
    for _ in 0..<row.kernelWidth {
      sum = sum.adding(V.load(bytes: pixel, flip: 0), times: V.load(weight))
      weight += row.channels
      pixel += row.dilationWidth &* row.inputStride
    }
    line += row.rowStep
  }
  epilogue.write(sum.adding(sums: weights.start + channel), row: x, column: channel)
}
