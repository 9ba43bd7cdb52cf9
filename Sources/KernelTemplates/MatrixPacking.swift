// Matrices that are known only when a network runs, arranged for the register tile: panels of B and rows of A.

/// to[c · toStep + r] = factor · from[r · fromStep + c], for `rows` × `columns` elements: a transpose in squares of four.
@inline(__always) @inlinable
public func packTransposed<V: FloatVector>(
  _: V.Type, rows: Int, columns: Int, factor: Float, _ from: UnsafePointer<Float>, _ fromStep: Int,
  _ to: UnsafeMutablePointer<Float>, _ toStep: Int
) {
  let factors = SIMD4<Float>(repeating: factor)
  var row = 0
  while row &+ 4 <= rows {
    let (r0, to) = (from + row &* fromStep, to + row)
    let (r1, r2, r3) = (r0 + fromStep, r0 + 2 &* fromStep, r0 + 3 &* fromStep)
    var column = 0
    while column &+ 4 <= columns {
      let a = SIMD4<Float>.load(r0 + column) * factors
      let b = SIMD4<Float>.load(r1 + column) * factors
      let c = SIMD4<Float>.load(r2 + column) * factors
      let d = SIMD4<Float>.load(r3 + column) * factors
      let ab = SIMD4(lowHalf: a.lowHalf, highHalf: b.lowHalf)
      let cd = SIMD4(lowHalf: c.lowHalf, highHalf: d.lowHalf)
      let upperAB = SIMD4(lowHalf: a.highHalf, highHalf: b.highHalf)
      let upperCD = SIMD4(lowHalf: c.highHalf, highHalf: d.highHalf)
      let line = to + column &* toStep
      SIMD4(lowHalf: ab.evenHalf, highHalf: cd.evenHalf).store(line)
      SIMD4(lowHalf: ab.oddHalf, highHalf: cd.oddHalf).store(line + toStep)
      SIMD4(lowHalf: upperAB.evenHalf, highHalf: upperCD.evenHalf).store(line + 2 &* toStep)
      SIMD4(lowHalf: upperAB.oddHalf, highHalf: upperCD.oddHalf).store(line + 3 &* toStep)
      column &+= 4
    }
    while column < columns {
      let line = to + column &* toStep
      line[0] = r0[column] * factor
      line[1] = r1[column] * factor
      line[2] = r2[column] * factor
      line[3] = r3[column] * factor
      column &+= 1
    }
    row &+= 4
  }
  while row < rows {
    for column in 0..<columns { to[column &* toStep &+ row] = from[row &* fromStep &+ column] * factor }
    row &+= 1
  }
}

/// A panel of `columns` of at most 2 · V.width columns, of a matrix (depth, columns) with steps `rowStep` and `columnStep`, times `factor`:
/// (depth, 2 · V.width), filled up with zeros.
@inline(__always) @inlinable
public func packPanel<V: FloatVector>(
  _: V.Type, depth: Int, columns: Int, factor: Float, _ from: UnsafePointer<Float>, rowStep: Int, columnStep: Int,
  _ to: UnsafeMutablePointer<Float>
) {
  let panelWidth = 2 &* V.width
  if columnStep == 1 {
    let factors = V(repeating: factor)
    for row in 0..<depth {
      let (line, target) = (from + row &* rowStep, to + row &* panelWidth)
      if columns == panelWidth {
        (V.load(line) * factors).store(target)
        (V.load(line + V.width) * factors).store(target + V.width)
      } else {
        inVectors(columns, width: V.width) {
          (V.load(line + $0) * factors).store(target + $0)
        } rest: {
          target[$0] = line[$0] * factor
        }
      }
    }
  } else if rowStep == 1 {
    packTransposed(V.self, rows: columns, columns: depth, factor: factor, from, columnStep, to, panelWidth)
  } else {
    for row in 0..<depth {
      for column in 0..<columns {
        to[row &* panelWidth &+ column] = from[row &* rowStep &+ column &* columnStep] * factor
      }
    }
  }
  if columns < panelWidth {
    for row in 0..<depth {
      for column in columns..<panelWidth { to[row &* panelWidth &+ column] = 0 }
    }
  }
}

/// Rows (rows, columns) of a matrix with steps `rowStep` and `columnStep`, one after the other.
@inline(__always) @inlinable
public func packRows<V: FloatVector>(
  _: V.Type, rows: Int, columns: Int, _ from: UnsafePointer<Float>, rowStep: Int, columnStep: Int,
  _ to: UnsafeMutablePointer<Float>
) {
  if rowStep == 1 {
    packTransposed(V.self, rows: columns, columns: rows, factor: 1, from, columnStep, to, columns)
  } else {
    for row in 0..<rows {
      for column in 0..<columns { to[row &* columns &+ column] = from[row &* rowStep &+ column &* columnStep] }
    }
  }
}
