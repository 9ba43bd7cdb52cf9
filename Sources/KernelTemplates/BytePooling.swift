// Maximum and mean of bytes over windows, one output row at a time. The loops over channels are plain, for the compiler to vectorise.

/// The largest element of each window, counting from 0 to 255 after XOR `flip`; the smallest byte where a window is empty.
/// `V` is not used but names the instruction set, so that no code is shared with another.
@inline(__always) @inlinable
func maxPoolBytesRow<V: ByteVector>(_: V.Type, _ row: ByteWindowRow, flip: UInt8) {
  for x in 0..<row.outWidth {
    let to = row.output + x &* row.outputStride
    for channel in 0..<row.channels { to[channel] = 0 }
    forEachTap(row, x) { from in
      for channel in 0..<row.channels { to[channel] = max(to[channel], from[channel] ^ flip) }
    }
    for channel in 0..<row.channels { to[channel] ^= flip }
  }
}

/// The byte of (sum of each window's values) · multipliers[x].
///
/// - Parameter sums: (channels), contents free before and after.
@inline(__always) @inlinable
func averagePoolBytesRow<V: ByteVector>(
  _: V.Type, _ row: ByteWindowRow, _ form: ByteInput, multipliers: UnsafePointer<Float>, _ range: ByteRange,
  sums: UnsafeMutablePointer<Int32>
) {
  for x in 0..<row.outWidth {
    let taps = Int32(row.kernelRows &* max(0, row.endColumn(x) &- row.firstColumn(x)))
    for channel in 0..<row.channels { sums[channel] = 0 &- taps &* Int32(form.zero) }
    forEachTap(row, x) { from in
      for channel in 0..<row.channels { sums[channel] &+= Int32(from[channel] ^ form.flip) }
    }
    let to = row.output + x &* row.outputStride
    inVectors(row.channels, width: V.width) {
      range.store(V.load(sums: sums + $0) * V(repeating: multipliers[x]), to + $0)
    } rest: {
      range.store(ScalarVector<V>.load(sums: sums + $0) * ScalarVector<V>(repeating: multipliers[x]), to + $0)
    }
  }
}

/// Calls `body` with every pixel of the window at output column `x` that is inside the input.
@inline(__always) @inlinable
func forEachTap(_ row: ByteWindowRow, _ x: Int, body: (UnsafePointer<UInt8>) -> Void) {
  let (first, end) = (row.firstColumn(x), row.endColumn(x))
  for ky in 0..<row.kernelRows {
    var column = first
    while column < end {
      body(row.pixel(x, column) + ky &* row.rowStep)
      column &+= 1
    }
  }
}
