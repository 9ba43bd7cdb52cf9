// The register tile: a few rows of A against one packed panel of B, every accumulator a named local (an indexed array of them
// would live in memory). After Goto & van de Geijn 2008 and BLIS (the tile), Dukhan 2019 (the rows behind pointers).

public import CInstructionSets

/// A tile's height as a type, so that every height is compiled by itself: were it a run-time number, it would be tested between
/// the multiplications.
public enum TileHeight<let rows: Int> {}

/// C (rows, 2 · width) = clamp(A · B + bias + residual) for every tile of `run`, of at most 12 rows. NaN stays NaN in the clamp.
///
/// Not inlined: its caller holds one call per height, more code than the optimiser would take in before it forgot that `rows` is
/// a constant.
@inline(never) @inlinable
func gemmTiles<V: FloatVector, let rows: Int>(
  _: V.Type, _: TileHeight<rows>.Type, _ block: UnsafePointer<GemmBlock>, _ run: GemmRun
) {
  let width = V.width
  let (positions, depth) = (block.pointee.positions, block.pointee.depth)
  let (outputStride, residualStride) = (block.pointee.outputStride, block.pointee.residualStride)
  var p = run.pointers
  var ahead = run.ahead
  var c = run.output
  var added = run.residual
  for _ in 0..<run.count {
    if let added {  // read after the sums, by when it can have come
      for row in 0..<rows { isa_prefetch(added + row &* residualStride) }
    }
    var x0 = V.load(run.bias)
    var y0 = V.load(run.bias + width)
    var x1 = x0
    var y1 = y0
    var x2 = x0
    var y2 = y0
    var x3 = x0
    var y3 = y0
    var x4 = x0
    var y4 = y0
    var x5 = x0
    var y5 = y0
    var x6 = x0
    var y6 = y0
    var x7 = x0
    var y7 = y0
    var x8 = x0
    var y8 = y0
    var x9 = x0
    var y9 = y0
    var x10 = x0
    var y10 = y0
    var x11 = x0
    var y11 = y0
    var b = run.panel
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
      p += run.tileRows
      for k in 0..<depth {
        let b0 = V.load(b)
        let b1 = V.load(b + width)
        b += 2 &* width
        isa_prefetch(ahead)
        ahead += run.pace
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
    if let from = added {
      x0 = x0 + V.load(from + 0 &* residualStride)
      y0 = y0 + V.load(from + 0 &* residualStride + width)
      if rows > 1 {
        x1 = x1 + V.load(from + 1 &* residualStride)
        y1 = y1 + V.load(from + 1 &* residualStride + width)
      }
      if rows > 2 {
        x2 = x2 + V.load(from + 2 &* residualStride)
        y2 = y2 + V.load(from + 2 &* residualStride + width)
      }
      if rows > 3 {
        x3 = x3 + V.load(from + 3 &* residualStride)
        y3 = y3 + V.load(from + 3 &* residualStride + width)
      }
      if rows > 4 {
        x4 = x4 + V.load(from + 4 &* residualStride)
        y4 = y4 + V.load(from + 4 &* residualStride + width)
      }
      if rows > 5 {
        x5 = x5 + V.load(from + 5 &* residualStride)
        y5 = y5 + V.load(from + 5 &* residualStride + width)
      }
      if rows > 6 {
        x6 = x6 + V.load(from + 6 &* residualStride)
        y6 = y6 + V.load(from + 6 &* residualStride + width)
      }
      if rows > 7 {
        x7 = x7 + V.load(from + 7 &* residualStride)
        y7 = y7 + V.load(from + 7 &* residualStride + width)
      }
      if rows > 8 {
        x8 = x8 + V.load(from + 8 &* residualStride)
        y8 = y8 + V.load(from + 8 &* residualStride + width)
      }
      if rows > 9 {
        x9 = x9 + V.load(from + 9 &* residualStride)
        y9 = y9 + V.load(from + 9 &* residualStride + width)
      }
      if rows > 10 {
        x10 = x10 + V.load(from + 10 &* residualStride)
        y10 = y10 + V.load(from + 10 &* residualStride + width)
      }
      if rows > 11 {
        x11 = x11 + V.load(from + 11 &* residualStride)
        y11 = y11 + V.load(from + 11 &* residualStride + width)
      }
      added = from + rows &* residualStride
    }
    let low = V(repeating: block.pointee.low)
    let high = V(repeating: block.pointee.high)
    x0.raised(to: low).lowered(to: high).store(c + 0 &* outputStride)
    y0.raised(to: low).lowered(to: high).store(c + 0 &* outputStride + width)
    if rows > 1 {
      x1.raised(to: low).lowered(to: high).store(c + 1 &* outputStride)
      y1.raised(to: low).lowered(to: high).store(c + 1 &* outputStride + width)
    }
    if rows > 2 {
      x2.raised(to: low).lowered(to: high).store(c + 2 &* outputStride)
      y2.raised(to: low).lowered(to: high).store(c + 2 &* outputStride + width)
    }
    if rows > 3 {
      x3.raised(to: low).lowered(to: high).store(c + 3 &* outputStride)
      y3.raised(to: low).lowered(to: high).store(c + 3 &* outputStride + width)
    }
    if rows > 4 {
      x4.raised(to: low).lowered(to: high).store(c + 4 &* outputStride)
      y4.raised(to: low).lowered(to: high).store(c + 4 &* outputStride + width)
    }
    if rows > 5 {
      x5.raised(to: low).lowered(to: high).store(c + 5 &* outputStride)
      y5.raised(to: low).lowered(to: high).store(c + 5 &* outputStride + width)
    }
    if rows > 6 {
      x6.raised(to: low).lowered(to: high).store(c + 6 &* outputStride)
      y6.raised(to: low).lowered(to: high).store(c + 6 &* outputStride + width)
    }
    if rows > 7 {
      x7.raised(to: low).lowered(to: high).store(c + 7 &* outputStride)
      y7.raised(to: low).lowered(to: high).store(c + 7 &* outputStride + width)
    }
    if rows > 8 {
      x8.raised(to: low).lowered(to: high).store(c + 8 &* outputStride)
      y8.raised(to: low).lowered(to: high).store(c + 8 &* outputStride + width)
    }
    if rows > 9 {
      x9.raised(to: low).lowered(to: high).store(c + 9 &* outputStride)
      y9.raised(to: low).lowered(to: high).store(c + 9 &* outputStride + width)
    }
    if rows > 10 {
      x10.raised(to: low).lowered(to: high).store(c + 10 &* outputStride)
      y10.raised(to: low).lowered(to: high).store(c + 10 &* outputStride + width)
    }
    if rows > 11 {
      x11.raised(to: low).lowered(to: high).store(c + 11 &* outputStride)
      y11.raised(to: low).lowered(to: high).store(c + 11 &* outputStride + width)
    }
    c += rows &* outputStride
  }
}
