// Products of bytes by instructions that multiply two rows by two columns.

/// u8 rows times s8 weights in int32, eight products a sum and step.
public protocol PairedByteFormat: ByteFormat, PairedFormat where Sums == SIMD4<Int32> {}

extension PairedByteFormat {
  @inline(__always) @inlinable public static var width: Int { 12 }
  @inline(__always) @inlinable public static var depthGroup: Int { 8 }
  @inline(__always) @inlinable public static func sums(_ start: UnsafePointer<Int32>) -> Sums { pairedSums(start) }
  @inline(__always) @inlinable
  public static func finish(_ epilogue: ByteEpilogue, row: Int, _ x: Sums, _ y: Sums) {
    let to = UnsafeMutableRawPointer(epilogue.sums(row: row, panelWidth: 8))
    to.storeBytes(of: x, as: Sums.self)
    to.storeBytes(of: y, toByteOffset: 16, as: Sums.self)
  }
  /// Eight or sixteen columns are written where they belong: the tile computes no more.
  @inline(__always) @inlinable
  public static func edge(_ epilogue: ByteEpilogue, rows: Int, columns: Int) -> ByteEpilogue {
    columns % 8 == 0 ? epilogue : epilogue.edge(Floats.self, rows: rows, columns: columns, panelWidth: 2 &* width)
  }
  @inline(__always) @inlinable
  public static func copy(_ edge: ByteEpilogue, to epilogue: ByteEpilogue, rows: Int, columns: Int) {
    if columns % 8 > 0 { edge.copy(to: epilogue, rows: rows, columns: columns) }
  }
}
