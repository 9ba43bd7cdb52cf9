// Products of bfloat16 by instructions that multiply two rows by two columns.

/// bfloat16 rows and weights, float32 sums, four products a sum and step: added as the instruction adds them.
public protocol PairedBFloat16Format: PairedFormat where Element == UInt16, Epilogue == FloatEpilogue {}

extension PairedBFloat16Format {
  @inline(__always) @inlinable public static var width: Int { 12 }
  @inline(__always) @inlinable public static var depthGroup: Int { 4 }
  @inline(__always) @inlinable public static var usesEdgeMemory: Bool { false }
  @inline(__always) @inlinable public static func sums(_ start: UnsafePointer<Float>) -> Sums { pairedSums(start) }
  @inline(__always) @inlinable public static func complete(_ epilogue: FloatEpilogue, rows: Int, vectors: Int) {}
  @inline(__always) @inlinable
  public static func edge(_ epilogue: FloatEpilogue, rows: Int, columns: Int) -> FloatEpilogue {
    var partial = epilogue
    partial.lastLanes = columns
    return partial
  }
  @inline(__always) @inlinable
  public static func eightColumns(_ epilogue: FloatEpilogue, from column: Int) -> FloatEpilogue {
    edge(epilogue.at(row: 0, column: column), rows: 0, columns: min(8, epilogue.lastLanes &- column))
  }
  @inline(__always) @inlinable
  public static func finish(_ epilogue: FloatEpilogue, row: Int, _ x: Sums, _ y: Sums) {
    if epilogue.lastLanes > 4 {
      edge(epilogue, rows: 1, columns: epilogue.lastLanes &- 4).finish(row: row, x, y)
    } else {
      epilogue.finish(row: row, x)
    }
  }
}
