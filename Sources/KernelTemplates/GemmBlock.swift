// A block of C: some rows of A against some packed panels of B, tile by tile, panel outermost so that a panel stays in L1 while the rows
// pass by it. After Goto & van de Geijn 2008; the rows of A stay where they are, as in Dukhan 2019.

/// C (rows, columns) = epilogue(A · B + start).
///
/// Rows are cut into `tileCount` tiles of nearly equal height (`GemmRows`). B lies in panels of two vectors' width; the last may be
/// partly filled, and then the epilogue takes no more columns than C has.
public struct GemmBlock<Element, Epilogue: GemmEpilogue> {
  /// (tileCount, positions, tileRows): where each row of a tile has its runs of `depth` elements.
  public var pointers: UnsafePointer<UnsafePointer<Element>>
  /// Added to every pointer, in elements: groups of a convolution share their pointers.
  public var offset: Int
  public var rows: Int
  public var positions: Int
  /// At least the format's `depthGroup`.
  public var depth: Int
  /// (panels), each packed for the format: positions · ⌈depth / depthGroup⌉ steps.
  public var panels: UnsafeRawPointer
  public var columns: Int
  /// (panels · 2 · width): what the sums start from.
  public var start: UnsafePointer<Epilogue.Sum>
  public var epilogue: Epilogue

  @inlinable public init(
    pointers: UnsafePointer<UnsafePointer<Element>>, offset: Int = 0, rows: Int, positions: Int, depth: Int,
    panels: UnsafeRawPointer, columns: Int, start: UnsafePointer<Epilogue.Sum>, epilogue: Epilogue
  ) {
    self.pointers = pointers
    self.offset = offset
    self.rows = rows
    self.positions = positions
    self.depth = depth
    self.panels = panels
    self.columns = columns
    self.start = start
    self.epilogue = epilogue
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
public struct GemmRun<Element, Epilogue: GemmEpilogue> {
  @usableFromInline var count: Int
  /// (count, positions, tileRows) pointers to runs of `depth` elements: A's row r is its runs at 0…positions, joined.
  @usableFromInline var pointers: UnsafePointer<UnsafePointer<Element>>
  /// Added to every pointer.
  @usableFromInline var offset: Int
  @usableFromInline var positions: Int
  @usableFromInline var depth: Int
  /// From one position's pointers to the next one's.
  @usableFromInline var tileRows: Int
  /// Packed, two vectors of weights a step.
  @usableFromInline var panel: UnsafeRawPointer
  /// Columns of the panel that are wanted.
  @usableFromInline var columns: Int
  /// (2 · width)
  @usableFromInline var start: UnsafePointer<Epilogue.Sum>
  /// Of the first tile.
  @usableFromInline var epilogue: Epilogue
  /// Memory that will be read next: prefetched, `pace` bytes per step.
  @usableFromInline var ahead: UnsafeRawPointer
  @usableFromInline var pace: Int

  @inlinable init(
    count: Int, pointers: UnsafePointer<UnsafePointer<Element>>, offset: Int, positions: Int, depth: Int, tileRows: Int,
    panel: UnsafeRawPointer, columns: Int, start: UnsafePointer<Epilogue.Sum>, epilogue: Epilogue,
    ahead: UnsafeRawPointer, pace: Int
  ) {
    self.count = count
    self.pointers = pointers
    self.offset = offset
    self.positions = positions
    self.depth = depth
    self.tileRows = tileRows
    self.panel = panel
    self.columns = columns
    self.start = start
    self.epilogue = epilogue
    self.ahead = ahead
    self.pace = pace
  }
}
