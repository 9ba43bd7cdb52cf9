// The register tile: a few rows of A against one packed panel of B, every accumulator a named local (an indexed array of them
// would live in memory). After Goto & van de Geijn 2008 and BLIS (the tile), Dukhan 2019 (the rows behind pointers).

/// C (rows, 2 · width) = A · B, for at most 12 rows, of which each instance keeps as many as it names.
///
/// `rows` is a literal where this is called, so that what it switches off is not there.
///
/// - Parameters:
///   - pointers: (positions, pointerStride) pointers to runs of `depth` floats: A's row r is its runs at 0…positions, joined.
///   - panel: (positions · depth, 2 · width), packed.
///   - bias: (2 · width), what the sums start from.
///   - residual: added to the sums, rows `residualStride` apart, or nil.
///   - low, high: the sums are clamped to this interval (−∞…∞ for none). NaN stays NaN.
@inline(__always) @inlinable
public func gemmTile<V: FloatVector>(
  _: V.Type, rows: Int, pointers: UnsafePointer<UnsafePointer<Float>>, pointerStride: Int,
  positions: Int, depth: Int, panel: UnsafePointer<Float>, bias: UnsafePointer<Float>,
  residual: UnsafePointer<Float>?, residualStride: Int, output: UnsafeMutablePointer<Float>, outputStride: Int,
  low: Float, high: Float
) {
  let width = V.width
  let bias0 = V.load(bias)
  let bias1 = V.load(bias + width)
  var x0 = bias0
  var y0 = bias1
  var x1 = bias0
  var y1 = bias1
  var x2 = bias0
  var y2 = bias1
  var x3 = bias0
  var y3 = bias1
  var x4 = bias0
  var y4 = bias1
  var x5 = bias0
  var y5 = bias1
  var x6 = bias0
  var y6 = bias1
  var x7 = bias0
  var y7 = bias1
  var x8 = bias0
  var y8 = bias1
  var x9 = bias0
  var y9 = bias1
  var x10 = bias0
  var y10 = bias1
  var x11 = bias0
  var y11 = bias1
  var b = panel
  var p = pointers
  for _ in 0..<positions {
    let a0 = p[0]
    let a1 = rows > 1 ? p[1] : a0
    let a2 = rows > 2 ? p[2] : a0
    let a3 = rows > 3 ? p[3] : a0
    let a4 = rows > 4 ? p[4] : a0
    let a5 = rows > 5 ? p[5] : a0
    let a6 = rows > 6 ? p[6] : a0
    let a7 = rows > 7 ? p[7] : a0
    let a8 = rows > 8 ? p[8] : a0
    let a9 = rows > 9 ? p[9] : a0
    let a10 = rows > 10 ? p[10] : a0
    let a11 = rows > 11 ? p[11] : a0
    p += pointerStride
    for k in 0..<depth {
      let b0 = V.load(b)
      let b1 = V.load(b + width)
      b += 2 &* width
      var a = V(repeating: a0[k])
      x0 = x0.adding(a, times: b0)
      y0 = y0.adding(a, times: b1)
      if rows > 1 {
        a = V(repeating: a1[k])
        x1 = x1.adding(a, times: b0)
        y1 = y1.adding(a, times: b1)
      }
      if rows > 2 {
        a = V(repeating: a2[k])
        x2 = x2.adding(a, times: b0)
        y2 = y2.adding(a, times: b1)
      }
      if rows > 3 {
        a = V(repeating: a3[k])
        x3 = x3.adding(a, times: b0)
        y3 = y3.adding(a, times: b1)
      }
      if rows > 4 {
        a = V(repeating: a4[k])
        x4 = x4.adding(a, times: b0)
        y4 = y4.adding(a, times: b1)
      }
      if rows > 5 {
        a = V(repeating: a5[k])
        x5 = x5.adding(a, times: b0)
        y5 = y5.adding(a, times: b1)
      }
      if rows > 6 {
        a = V(repeating: a6[k])
        x6 = x6.adding(a, times: b0)
        y6 = y6.adding(a, times: b1)
      }
      if rows > 7 {
        a = V(repeating: a7[k])
        x7 = x7.adding(a, times: b0)
        y7 = y7.adding(a, times: b1)
      }
      if rows > 8 {
        a = V(repeating: a8[k])
        x8 = x8.adding(a, times: b0)
        y8 = y8.adding(a, times: b1)
      }
      if rows > 9 {
        a = V(repeating: a9[k])
        x9 = x9.adding(a, times: b0)
        y9 = y9.adding(a, times: b1)
      }
      if rows > 10 {
        a = V(repeating: a10[k])
        x10 = x10.adding(a, times: b0)
        y10 = y10.adding(a, times: b1)
      }
      if rows > 11 {
        a = V(repeating: a11[k])
        x11 = x11.adding(a, times: b0)
        y11 = y11.adding(a, times: b1)
      }
    }
  }
  if let residual {
    let next = residualStride
    x0 = x0 + V.load(residual + 0 &* next)
    y0 = y0 + V.load(residual + 0 &* next + width)
    if rows > 1 {
      x1 = x1 + V.load(residual + 1 &* next)
      y1 = y1 + V.load(residual + 1 &* next + width)
    }
    if rows > 2 {
      x2 = x2 + V.load(residual + 2 &* next)
      y2 = y2 + V.load(residual + 2 &* next + width)
    }
    if rows > 3 {
      x3 = x3 + V.load(residual + 3 &* next)
      y3 = y3 + V.load(residual + 3 &* next + width)
    }
    if rows > 4 {
      x4 = x4 + V.load(residual + 4 &* next)
      y4 = y4 + V.load(residual + 4 &* next + width)
    }
    if rows > 5 {
      x5 = x5 + V.load(residual + 5 &* next)
      y5 = y5 + V.load(residual + 5 &* next + width)
    }
    if rows > 6 {
      x6 = x6 + V.load(residual + 6 &* next)
      y6 = y6 + V.load(residual + 6 &* next + width)
    }
    if rows > 7 {
      x7 = x7 + V.load(residual + 7 &* next)
      y7 = y7 + V.load(residual + 7 &* next + width)
    }
    if rows > 8 {
      x8 = x8 + V.load(residual + 8 &* next)
      y8 = y8 + V.load(residual + 8 &* next + width)
    }
    if rows > 9 {
      x9 = x9 + V.load(residual + 9 &* next)
      y9 = y9 + V.load(residual + 9 &* next + width)
    }
    if rows > 10 {
      x10 = x10 + V.load(residual + 10 &* next)
      y10 = y10 + V.load(residual + 10 &* next + width)
    }
    if rows > 11 {
      x11 = x11 + V.load(residual + 11 &* next)
      y11 = y11 + V.load(residual + 11 &* next + width)
    }
  }
  let lows = V(repeating: low)
  let highs = V(repeating: high)
  x0.raised(to: lows).lowered(to: highs).store(output + 0 &* outputStride)
  y0.raised(to: lows).lowered(to: highs).store(output + 0 &* outputStride + width)
  if rows > 1 {
    x1.raised(to: lows).lowered(to: highs).store(output + 1 &* outputStride)
    y1.raised(to: lows).lowered(to: highs).store(output + 1 &* outputStride + width)
  }
  if rows > 2 {
    x2.raised(to: lows).lowered(to: highs).store(output + 2 &* outputStride)
    y2.raised(to: lows).lowered(to: highs).store(output + 2 &* outputStride + width)
  }
  if rows > 3 {
    x3.raised(to: lows).lowered(to: highs).store(output + 3 &* outputStride)
    y3.raised(to: lows).lowered(to: highs).store(output + 3 &* outputStride + width)
  }
  if rows > 4 {
    x4.raised(to: lows).lowered(to: highs).store(output + 4 &* outputStride)
    y4.raised(to: lows).lowered(to: highs).store(output + 4 &* outputStride + width)
  }
  if rows > 5 {
    x5.raised(to: lows).lowered(to: highs).store(output + 5 &* outputStride)
    y5.raised(to: lows).lowered(to: highs).store(output + 5 &* outputStride + width)
  }
  if rows > 6 {
    x6.raised(to: lows).lowered(to: highs).store(output + 6 &* outputStride)
    y6.raised(to: lows).lowered(to: highs).store(output + 6 &* outputStride + width)
  }
  if rows > 7 {
    x7.raised(to: lows).lowered(to: highs).store(output + 7 &* outputStride)
    y7.raised(to: lows).lowered(to: highs).store(output + 7 &* outputStride + width)
  }
  if rows > 8 {
    x8.raised(to: lows).lowered(to: highs).store(output + 8 &* outputStride)
    y8.raised(to: lows).lowered(to: highs).store(output + 8 &* outputStride + width)
  }
  if rows > 9 {
    x9.raised(to: lows).lowered(to: highs).store(output + 9 &* outputStride)
    y9.raised(to: lows).lowered(to: highs).store(output + 9 &* outputStride + width)
  }
  if rows > 10 {
    x10.raised(to: lows).lowered(to: highs).store(output + 10 &* outputStride)
    y10.raised(to: lows).lowered(to: highs).store(output + 10 &* outputStride + width)
  }
  if rows > 11 {
    x11.raised(to: lows).lowered(to: highs).store(output + 11 &* outputStride)
    y11.raised(to: lows).lowered(to: highs).store(output + 11 &* outputStride + width)
  }
}
