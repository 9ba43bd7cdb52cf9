// A block of C: some rows of A against some packed panels of B, tile by tile, panel outermost so that a panel stays in the first
// cache while the rows pass by it. After Goto & van de Geijn 2008; the rows of A stay where they are, as in Dukhan 2019.

/// C (rows, columns) = clamp(A · B + bias + residual).
///
/// Rows are cut into `tileCount` tiles of nearly equal height (`GemmRows`). B lies in panels of two vectors' width; the last may be
/// partly filled, and then C's part of it goes through `edge`.
public struct GemmBlock {
  /// (tileCount, positions, tileRows): where each row of a tile has its runs of `depth` floats.
  public var pointers: UnsafePointer<UnsafePointer<Float>>
  public var rows: Int
  public var positions: Int
  public var depth: Int
  /// (panels, positions · depth, 2 · width)
  public var panels: UnsafePointer<Float>
  public var columns: Int
  /// (panels · 2 · width)
  public var bias: UnsafePointer<Float>
  public var residual: UnsafePointer<Float>?
  public var residualStride: Int
  public var output: UnsafeMutablePointer<Float>
  public var outputStride: Int
  public var low: Float
  public var high: Float
  /// (2, tileRows, 2 · width), contents free before and after.
  public var edge: UnsafeMutablePointer<Float>

  @inlinable public init(
    pointers: UnsafePointer<UnsafePointer<Float>>, rows: Int, positions: Int, depth: Int, panels: UnsafePointer<Float>,
    columns: Int, bias: UnsafePointer<Float>, residual: UnsafePointer<Float>?, residualStride: Int,
    output: UnsafeMutablePointer<Float>, outputStride: Int, low: Float, high: Float, edge: UnsafeMutablePointer<Float>
  ) {
    self.pointers = pointers
    self.rows = rows
    self.positions = positions
    self.depth = depth
    self.panels = panels
    self.columns = columns
    self.bias = bias
    self.residual = residual
    self.residualStride = residualStride
    self.output = output
    self.outputStride = outputStride
    self.low = low
    self.high = high
    self.edge = edge
  }
}

/// How rows are cut into tiles: heights differ by at most one, so that no tile is left too low to hide the multiplier's latency.
public struct GemmRows {
  public let count: Int
  @usableFromInline let height: Int
  /// How many tiles, the first ones, have a row more than the others.
  @usableFromInline let taller: Int

  @inline(__always) @inlinable public init(rows: Int, tileRows: Int) {
    self.init(rows: rows, count: (rows &+ tileRows &- 1) / tileRows)
  }
  /// `count` tiles, or as many as rows where those are fewer.
  @inline(__always) @inlinable public init(rows: Int, count: Int) {
    self.count = count < rows ? count : rows
    height = rows == 0 ? 0 : rows / self.count
    taller = rows &- height &* self.count
  }
  @inline(__always) @inlinable public func height(_ tile: Int) -> Int { tile < taller ? height &+ 1 : height }
  /// The first row of a tile.
  @inline(__always) @inlinable public func start(_ tile: Int) -> Int {
    tile &* height &+ (tile < taller ? tile : taller)
  }
  @inline(__always) @inlinable public func range(_ tile: Int) -> Range<Int> {
    let first = start(tile)
    return first..<first &+ height(tile)
  }
}

/// Tiles of one height, one below the other, all of one panel.
public struct GemmRun {
  @usableFromInline var count: Int
  /// (count, positions, tileRows) pointers to runs of `depth` floats: A's row r is its runs at 0…positions, joined.
  @usableFromInline var pointers: UnsafePointer<UnsafePointer<Float>>
  /// From one position's pointers to the next one's.
  @usableFromInline var tileRows: Int
  /// (positions · depth, 2 · width), packed.
  @usableFromInline var panel: UnsafePointer<Float>
  /// (2 · width), what the sums start from.
  @usableFromInline var bias: UnsafePointer<Float>
  /// Added to the sums, rows `GemmBlock.residualStride` apart, or nil. May be `output` itself.
  @usableFromInline var residual: UnsafePointer<Float>?
  /// Rows `GemmBlock.outputStride` apart.
  @usableFromInline var output: UnsafeMutablePointer<Float>
  /// Memory that will be read next: its lines are asked for on the way, `pace` bytes for each row of the panel.
  @usableFromInline var ahead: UnsafeRawPointer
  @usableFromInline var pace: Int

  @inlinable init(
    count: Int, pointers: UnsafePointer<UnsafePointer<Float>>, tileRows: Int, panel: UnsafePointer<Float>,
    bias: UnsafePointer<Float>, residual: UnsafePointer<Float>?, output: UnsafeMutablePointer<Float>,
    ahead: UnsafeRawPointer, pace: Int
  ) {
    self.count = count
    self.pointers = pointers
    self.tileRows = tileRows
    self.panel = panel
    self.bias = bias
    self.residual = residual
    self.output = output
    self.ahead = ahead
    self.pace = pace
  }
}
