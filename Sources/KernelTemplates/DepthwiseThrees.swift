// Depthwise convolution by kernels three pixels wide: neighbouring outputs share their pixels as well as the weights, and the row's ends
// are like its middle but for one pixel.

/// A row whose windows are three pixels wide, one or two apart, and reach at most one pixel beyond the input on either side.
@usableFromInline struct DepthwiseThrees {
  @usableFromInline let row: WindowRow

  /// Nil for any other row, for rows of fewer than four outputs, and for those of no multiple of four where outputs must not be
  /// computed twice (`overlaps`).
  @inline(__always) @inlinable init?(_ row: WindowRow, overlaps: Bool) {
    let beyond = (row.outWidth &- 1) &* row.strideWidth &- row.padLeft &+ 3 &- row.inWidth
    guard row.kernelWidth == 3, row.dilationWidth == 1, row.strideWidth == 1 || row.strideWidth == 2, row.padLeft <= 1,
      beyond <= 1, row.inWidth > 1, row.outWidth >= 4, overlaps || row.outWidth % 4 == 0
    else { return nil }
    self.row = row
  }

  /// The outputs x…x+3 of one vector of channels; arguments as `depthwiseRow`'s.
  @inline(__always) @inlinable func four<V: FloatVector>(
    _: V.Type, _ x: Int, _ channel: Int, _ weights: UnsafePointer<Float>, _ weightStride: Int,
    _ bias: UnsafePointer<Float>, _ residual: UnsafePointer<Float>?, _ residualStride: Int, _ low: Float, _ high: Float
  ) {
    let next = row.inputStride
    let stride = row.strideWidth
    let zero = V(repeating: 0)
    let isFirst = x &* stride < row.padLeft
    let isLast = (x &+ 3) &* stride &- row.padLeft &+ 3 > row.inWidth
    var sum0 = V.load(bias + channel)
    var sum1 = sum0
    var sum2 = sum0
    var sum3 = sum0
    var weight = weights + channel
    var line = row.pixel(x, 0) + channel
    for _ in 0..<row.kernelRows {
      let w0 = V.load(weight)
      let w1 = V.load(weight + weightStride)
      let w2 = V.load(weight + 2 &* weightStride)
      let p0 = isFirst ? zero : V.load(line)
      let p1 = V.load(line + next)
      let p2 = V.load(line + 2 &* next)
      let p3 = V.load(line + 3 &* next)
      let p4 = V.load(line + 4 &* next)
      sum0 = sum0.adding(p0, times: w0).adding(p1, times: w1).adding(p2, times: w2)
      if stride == 1 {
        let p5 = isLast ? zero : V.load(line + 5 &* next)
        sum1 = sum1.adding(p1, times: w0).adding(p2, times: w1).adding(p3, times: w2)
        sum2 = sum2.adding(p2, times: w0).adding(p3, times: w1).adding(p4, times: w2)
        sum3 = sum3.adding(p3, times: w0).adding(p4, times: w1).adding(p5, times: w2)
      } else {
        let p6 = V.load(line + 6 &* next)
        let p8 = isLast ? zero : V.load(line + 8 &* next)
        sum1 = sum1.adding(p2, times: w0).adding(p3, times: w1).adding(p4, times: w2)
        sum2 = sum2.adding(p4, times: w0).adding(V.load(line + 5 &* next), times: w1).adding(p6, times: w2)
        sum3 = sum3.adding(p6, times: w0).adding(V.load(line + 7 &* next), times: w1).adding(p8, times: w2)
      }
      weight += 3 &* weightStride
      line += row.rowStep
    }
    storeFour(row, x, channel, sum0, sum1, sum2, sum3, residual, residualStride, low, high)
  }
}
