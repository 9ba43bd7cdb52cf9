// Maximum and sum over windows, one output row at a time, vectors of neighbouring channels.

/// The largest element of each window, or −∞ where it is empty. A NaN in a window is passed over.
@inline(__always) @inlinable
public func maxPoolRow<V: FloatVector>(_: V.Type, _ row: WindowRow) {
  for x in 0..<row.outWidth {
    inOverlappingVectors(row.channels, width: V.width) {
      maxPoolOne(V.self, row, x, $0)
    } rest: {
      maxPoolOne(ScalarVector<V>.self, row, x, $0)
    }
  }
}

@inline(__always) @inlinable
func maxPoolOne<V: FloatVector>(_: V.Type, _ row: WindowRow, _ x: Int, _ channel: Int) {
  var largest = V(repeating: -.infinity)
  let first = row.firstColumn(x)
  let end = row.endColumn(x)
  for ky in 0..<row.kernelRows {
    var column = first
    while column < end {
      largest = largest.raised(to: V.load(row.pixel(x, column) + ky &* row.rowStep + channel))
      column &+= 1
    }
  }
  largest.store(row.output + x &* row.outputStride + channel)
}

/// The sum of each window, divided by `counts[x]`.
@inline(__always) @inlinable
public func averagePoolRow<V: FloatVector>(_: V.Type, _ row: WindowRow, counts: UnsafePointer<Float>) {
  for x in 0..<row.outWidth {
    inOverlappingVectors(row.channels, width: V.width) {
      averagePoolOne(V.self, row, x, $0, counts[x])
    } rest: {
      averagePoolOne(ScalarVector<V>.self, row, x, $0, counts[x])
    }
  }
}

@inline(__always) @inlinable
func averagePoolOne<V: FloatVector>(_: V.Type, _ row: WindowRow, _ x: Int, _ channel: Int, _ count: Float) {
  var sum = V(repeating: 0)
  let first = row.firstColumn(x)
  let end = row.endColumn(x)
  for ky in 0..<row.kernelRows {
    var column = first
    while column < end {
      sum = sum + V.load(row.pixel(x, column) + ky &* row.rowStep + channel)
      column &+= 1
    }
  }
  (sum / V(repeating: count)).store(row.output + x &* row.outputStride + channel)
}
