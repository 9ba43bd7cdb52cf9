// Depthwise convolution of bytes. Every sum of up to 258 products of two bytes is exact in a float, so the sums are floats until the start
// value is added to them in int32.

/// Weights and start values of a depthwise convolution of bytes.
public struct ByteDepthwiseWeights {
  /// (kernelHeight, kernelWidth, channels): each weight less its zero point. Of the rows given to a `ByteWindowRow` the first is the first
  /// that is inside the input.
  public var weights: UnsafePointer<Float>
  public var stride: Int
  /// (channels): what the sums of bytes as they lie start from, for windows wholly inside the input.
  public var start: UnsafePointer<Int32>
  /// (channels): what the sums of bytes less their zero point start from, for all others.
  public var bias: UnsafePointer<Int32>
  /// Kernel rows of a window wholly inside.
  public var kernelHeight: Int
  public var input: ByteInput

  @inlinable public init(
    weights: UnsafePointer<Float>, stride: Int, start: UnsafePointer<Int32>, bias: UnsafePointer<Int32>,
    kernelHeight: Int, input: ByteInput
  ) {
    self.weights = weights
    self.stride = stride
    self.start = start
    self.bias = bias
    self.kernelHeight = kernelHeight
    self.input = input
  }
}

/// One output row; `epilogue` begins at its first pixel.
@inline(__always) @inlinable
func byteDepthwiseRow<V: ByteVector>(
  _: V.Type, _ row: ByteWindowRow, _ weights: ByteDepthwiseWeights, _ epilogue: ByteEpilogue
) {
  var x = 0
  while x < row.outWidth {
    let whole =
      row.kernelRows == weights.kernelHeight && row.firstColumn(x) == 0 && x &+ 3 < row.outWidth
      && row.endColumn(x &+ 3) == row.kernelWidth
    if whole {
      inVectors(row.channels, width: V.width) {
        byteDepthwiseFour(V.self, row, x, $0, weights, epilogue)
      } rest: {
        byteDepthwiseFour(ScalarVector<V>.self, row, x, $0, weights, epilogue)
      }
    } else {
      inVectors(row.channels, width: V.width) {
        byteDepthwiseOne(V.self, row, x, $0, weights, epilogue)
      } rest: {
        byteDepthwiseOne(ScalarVector<V>.self, row, x, $0, weights, epilogue)
      }
    }
    x &+= whole ? 4 : 1
  }
}

/// The outputs x…x+3 of one vector of channels, their windows wholly inside.
@inline(__always) @inlinable
func byteDepthwiseFour<V: ByteVector>(
  _: V.Type, _ row: ByteWindowRow, _ x: Int, _ channel: Int, _ weights: ByteDepthwiseWeights, _ epilogue: ByteEpilogue
) {
  let flip = weights.input.flip
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
      sum0 = sum0.adding(V.load(bytes: pixel, flip: flip), times: w)
      sum1 = sum1.adding(V.load(bytes: pixel + next, flip: flip), times: w)
      sum2 = sum2.adding(V.load(bytes: pixel + 2 &* next, flip: flip), times: w)
      sum3 = sum3.adding(V.load(bytes: pixel + 3 &* next, flip: flip), times: w)
      weight += weights.stride
      pixel += across
    }
    line += row.rowStep
  }
  let start = weights.start + channel
  epilogue.write(sum0.adding(sums: start), row: x, column: channel)
  epilogue.write(sum1.adding(sums: start), row: x &+ 1, column: channel)
  epilogue.write(sum2.adding(sums: start), row: x &+ 2, column: channel)
  epilogue.write(sum3.adding(sums: start), row: x &+ 3, column: channel)
}

/// The output x of one vector of channels, its window cut at the input's edges.
@inline(__always) @inlinable
func byteDepthwiseOne<V: ByteVector>(
  _: V.Type, _ row: ByteWindowRow, _ x: Int, _ channel: Int, _ weights: ByteDepthwiseWeights, _ epilogue: ByteEpilogue
) {
  var sum = V(repeating: 0)
  let (first, end) = (row.firstColumn(x), row.endColumn(x))
  for ky in 0..<row.kernelRows {
    var column = first
    while column < end {
      let w = V.load(weights.weights + (ky &* row.kernelWidth &+ column) &* weights.stride + channel)
      sum = sum.adding(weights.input.load(V.self, row.pixel(x, column) + ky &* row.rowStep + channel), times: w)
      column &+= 1
    }
  }
  epilogue.write(sum.adding(sums: weights.bias + channel), row: x, column: channel)
}
