// The product of float32 matrices: one multiply-add a lane and step.

public import CInstructionSets

/// A product of float32 matrices.
public typealias FloatBlock = GemmBlock<Float, FloatEpilogue>

/// A format whose sums are float32.
public protocol FloatSumFormat: GemmFormat where Epilogue == FloatEpilogue, Sums: FloatVector {}

extension FloatSumFormat {
  @inline(__always) @inlinable public static var width: Int { Sums.width }
  @inline(__always) @inlinable public static func sums(_ start: UnsafePointer<Float>) -> Sums { Sums.load(start) }
  @inline(__always) @inlinable
  public static func finish(_ epilogue: FloatEpilogue, row: Int, _ x: Sums, _ y: Sums) {
    epilogue.finish(row: row, x, y)
  }
  @inline(__always) @inlinable public static var computesNarrowPanels: Bool { true }
  @inline(__always) @inlinable public static var usesEdgeMemory: Bool { false }
  @inline(__always) @inlinable
  public static func finish(_ epilogue: FloatEpilogue, row: Int, _ x: Sums) { epilogue.finish(row: row, x) }
  @inline(__always) @inlinable public static func complete(_ epilogue: FloatEpilogue, rows: Int, vectors: Int) {}
  @inline(__always) @inlinable
  public static func edge(_ epilogue: FloatEpilogue, rows: Int, columns: Int) -> FloatEpilogue {
    var partial = epilogue
    partial.lastLanes = columns > width ? columns &- width : columns
    return partial
  }
}

/// float32 over vectors `V`.
public enum FloatFormat<V: FloatVector>: FloatSumFormat {
  /// With two vectors of weights and one of A, what fills 16 registers (SSE's latency needs no more than 4 rows) or 32.
  @inline(__always) @inlinable public static var tileRows: Int {
    #if arch(arm64)
      12
    #else
      V.width == 16 ? 12 : V.width == 8 ? 6 : 4
    #endif
  }
  @inline(__always) @inlinable public static var depthGroup: Int { 1 }
  @inline(__always) @inlinable public static func factor(_ row: UnsafePointer<Float>) -> V { V(repeating: row.pointee) }
  @inline(__always) @inlinable public static func weights(_ panel: UnsafeRawPointer) -> V {
    V.load(panel.assumingMemoryBound(to: Float.self))
  }
  @inline(__always) @inlinable public static func adding(_ sums: V, _ factor: V, times weights: V) -> V {
    sums.adding(factor, times: weights)
  }
}

/// C = clamp(sums + residual). NaN stays NaN in the clamp.
public struct FloatEpilogue: GemmEpilogue {
  public typealias Sum = Float

  /// Added to the sums, rows `residualStride` apart, or nil. May be `output` itself.
  public var residual: UnsafePointer<Float>?
  public var residualStride: Int
  public var output: UnsafeMutablePointer<Float>
  public var outputStride: Int
  public var low: Float
  public var high: Float
  /// How many lanes of a row's last vector belong to the output, set for each panel; in `PairedBFloat16Format`, how many columns of a
  /// row do.
  @usableFromInline var lastLanes = 0

  @inlinable public init(
    residual: UnsafePointer<Float>?, residualStride: Int, output: UnsafeMutablePointer<Float>, outputStride: Int,
    low: Float, high: Float
  ) {
    self.residual = residual
    self.residualStride = residualStride
    self.output = output
    self.outputStride = outputStride
    self.low = low
    self.high = high
  }

  @inline(__always) @inlinable public func at(row: Int, column: Int) -> Self {
    var moved = self
    moved.residual = residual.map { $0 + row &* residualStride + column }
    moved.output = output + row &* outputStride + column
    return moved
  }

  @inline(__always) @inlinable public func prefetch(rows: Int) {
    if let residual { for row in 0..<rows { isa_prefetch(residual + row &* residualStride) } }
  }

  /// Writes one row of a panel.
  @inline(__always) @inlinable public func finish<V: FloatVector>(row: Int, _ x: V, _ y: V) {
    var (x, y) = (x, y)
    if let residual {
      let from = residual + row &* residualStride
      x = x + V.load(from)
      y = y + loadLast(from + V.width)
    }
    let to = output + row &* outputStride
    x.raised(to: V(repeating: low)).lowered(to: V(repeating: high)).store(to)
    storeLast(y.raised(to: V(repeating: low)).lowered(to: V(repeating: high)), to + V.width)
  }

  /// Writes one row of a panel's first vector.
  @inline(__always) @inlinable public func finish<V: FloatVector>(row: Int, _ x: V) {
    var x = x
    if let residual { x = x + loadLast(residual + row &* residualStride) }
    storeLast(x.raised(to: V(repeating: low)).lowered(to: V(repeating: high)), output + row &* outputStride)
  }

  @inline(__always) @inlinable func loadLast<V: FloatVector>(_ pointer: UnsafePointer<Float>) -> V {
    V.hasMasks || lastLanes < V.width ? V.load(pointer, first: lastLanes) : V.load(pointer)
  }
  @inline(__always) @inlinable func storeLast<V: FloatVector>(_ x: V, _ pointer: UnsafeMutablePointer<Float>) {
    if V.hasMasks || lastLanes < V.width { x.store(pointer, first: lastLanes) } else { x.store(pointer) }
  }
}

@inline(__always) @inlinable
func copyRun<V: FloatVector>(
  _: V.Type, _ count: Int, _ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>
) {
  inVectors(count, width: V.width) {
    V.load(from + $0).store(to + $0)
  } rest: {
    to[$0] = from[$0]
  }
}
