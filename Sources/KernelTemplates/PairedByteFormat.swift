// Products of bytes by instructions that multiply two rows by two columns.

/// u8 rows times s8 weights in int32, eight products a sum and step.
public protocol PairedByteFormat: ByteFormat, PairedFormat where Sums == SIMD4<Int32> {}

extension PairedByteFormat {
  @inline(__always) @inlinable public static var width: Int { 12 }
  @inline(__always) @inlinable public static var depthGroup: Int { 8 }
  @inline(__always) @inlinable public static func sums(_ start: UnsafePointer<Int32>) -> Sums { pairedSums(start) }
  @inline(__always) @inlinable
  public static func finish(_ epilogue: ByteEpilogue, row: Int, _ x: Sums, _ y: Sums) {
    finish(epilogue, row: row, column: 0, x)
    finish(epilogue, row: row, column: 4, y)
  }
  @inline(__always) @inlinable
  public static func finish(_ epilogue: ByteEpilogue, row: Int, column: Int, _ x: Sums) {
    let to = epilogue.sums(row: row, panelWidth: 2 &* width) + column
    UnsafeMutableRawPointer(to).storeBytes(of: x, as: Sums.self)
  }
}
