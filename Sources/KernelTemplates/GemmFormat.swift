// What a product of matrices is written over: the types of its operands and the few operations on them that an instruction set has.

/// A format of a matrix product: rows of `Element`, panels of packed weights, sums in vectors, and what becomes of the sums.
///
/// A panel is two vectors of sums wide. One step multiplies `depthGroup` neighbouring elements of a row with their weights and takes two
/// vectors of weights of 4 · `width` bytes each, column by column, a column's `depthGroup` weights side by side.
public protocol GemmFormat {
  /// What the rows of A hold.
  associatedtype Element
  /// What becomes of the sums.
  associatedtype Epilogue: GemmEpilogue
  /// A vector of sums, one for each of `width` columns.
  associatedtype Sums
  /// `depthGroup` elements of a row, repeated for every column.
  associatedtype Factor
  /// One step's weights of `width` columns.
  associatedtype Weights

  static var width: Int { get }
  /// The most rows of a tile: 4, 6 or 12, a literal.
  static var tileRows: Int { get }
  /// Elements of a row that one step multiplies: float32 1, bfloat16 2 or 4, int8 4 or 8.
  static var depthGroup: Int { get }

  static func sums(_ start: UnsafePointer<Epilogue.Sum>) -> Sums
  static func factor(_ row: UnsafePointer<Element>) -> Factor
  static func weights(_ panel: UnsafeRawPointer) -> Weights
  /// sums + factor · weights, lane by lane.
  static func adding(_ sums: Sums, _ factor: Factor, times weights: Weights) -> Sums

  /// Computes the tiles of `run`, of `rows` rows.
  static func tiles<let rows: Int>(_: TileHeight<rows>.Type, _ run: UnsafePointer<GemmRun<Element, Epilogue>>)
  /// The bytes of a packed panel of `steps` steps.
  static func bytes(ofPanel panel: UnsafeRawPointer, steps: Int) -> Int

  /// Whether a panel of at most `width` columns is computed by `gemmNarrowTiles`.
  static var computesNarrowPanels: Bool { get }
  /// Whether the tiles of a partly filled panel go through edge memory, one by one.
  static var usesEdgeMemory: Bool { get }
  /// Takes the sums of one row of a narrow tile.
  static func finish(_ epilogue: Epilogue, row: Int, _ x: Sums)
  /// Takes the sums of one row of a tile: the panel's first and second vector.
  static func finish(_ epilogue: Epilogue, row: Int, _ x: Sums, _ y: Sums)
  /// Called when every row of a tile of `vectors` (1 or 2) vectors' width is finished.
  static func complete(_ epilogue: Epilogue, rows: Int, vectors: Int)
  /// The epilogue of a tile of a partly filled panel: it takes no more than `columns` columns, or reads and writes whole panels in
  /// edge memory.
  static func edge(_ epilogue: Epilogue, rows: Int, columns: Int) -> Epilogue
  /// Copies what the tile of a partly filled panel left in `edge` to where it belongs.
  static func copy(_ edge: Epilogue, to epilogue: Epilogue, rows: Int, columns: Int)
}

extension GemmFormat {
  @inline(__always) @inlinable public static var computesNarrowPanels: Bool { false }
  @inline(__always) @inlinable public static var usesEdgeMemory: Bool { true }
  @inline(__always) @inlinable public static func finish(_ epilogue: Epilogue, row: Int, _ x: Sums) {
    finish(epilogue, row: row, x, x)
  }
  @inline(__always) @inlinable
  public static func copy(_ edge: Epilogue, to epilogue: Epilogue, rows: Int, columns: Int) {}
  @inline(__always) @inlinable
  public static func tiles<let rows: Int>(
    _: TileHeight<rows>.Type, _ run: UnsafePointer<GemmRun<Element, Epilogue>>
  ) {
    gemmTiles(Self.self, TileHeight<rows>.self, run)
  }
  @inline(__always) @inlinable public static func bytes(ofPanel panel: UnsafeRawPointer, steps: Int) -> Int {
    steps &* 8 &* width
  }
}

/// Where results go, beginning at one tile.
public protocol GemmEpilogue {
  /// Float or Int32.
  associatedtype Sum
  /// The epilogue of the tile whose first element is (row, column) of this one.
  func at(row: Int, column: Int) -> Self
  /// Prefetches what the epilogue of a tile of `rows` rows will read.
  func prefetch(rows: Int)
}

/// The sums of one row of a tile.
@usableFromInline protocol TileRowSums {
  associatedtype Format: GemmFormat
  /// One step's weights of the columns that are summed.
  associatedtype StepWeights

  /// Vectors of columns.
  static var vectors: Int { get }
  init(_ start: UnsafePointer<Format.Epilogue.Sum>)
  static func weights(_ panel: UnsafeRawPointer) -> StepWeights
  mutating func add(_ row: UnsafePointer<Format.Element>, _ weights: StepWeights)
  func finish(_ epilogue: Format.Epilogue, _ row: Int)
  /// Computes the tiles of `run`, of `rows` rows.
  static func tiles<let rows: Int>(
    _: TileHeight<rows>.Type, _ run: UnsafePointer<GemmRun<Format.Element, Format.Epilogue>>)
}

/// Two vectors of sums: a panel's columns of one row.
@usableFromInline struct TileRow<F: GemmFormat>: TileRowSums {
  @usableFromInline typealias Format = F
  @usableFromInline var x: F.Sums
  @usableFromInline var y: F.Sums

  @inline(__always) @inlinable static var vectors: Int { 2 }
  @inline(__always) @inlinable init(_ start: UnsafePointer<F.Epilogue.Sum>) {
    x = F.sums(start)
    y = F.sums(start + F.width)
  }
  @inline(__always) @inlinable static func weights(_ panel: UnsafeRawPointer) -> (F.Weights, F.Weights) {
    (F.weights(panel), F.weights(panel + 4 &* F.width))
  }
  @inline(__always) @inlinable
  mutating func add(_ row: UnsafePointer<F.Element>, _ weights: (F.Weights, F.Weights)) {
    let factor = F.factor(row)
    x = F.adding(x, factor, times: weights.0)
    y = F.adding(y, factor, times: weights.1)
  }
  @inline(__always) @inlinable func finish(_ epilogue: F.Epilogue, _ row: Int) { F.finish(epilogue, row: row, x, y) }
  @inline(__always) @inlinable
  static func tiles<let rows: Int>(
    _: TileHeight<rows>.Type, _ run: UnsafePointer<GemmRun<F.Element, F.Epilogue>>
  ) { F.tiles(TileHeight<rows>.self, run) }
}

/// One vector of sums: the first `F.width` columns of a panel whose second vector is empty.
@usableFromInline struct NarrowTileRow<F: GemmFormat>: TileRowSums {
  @usableFromInline typealias Format = F
  @usableFromInline var x: F.Sums

  @inline(__always) @inlinable static var vectors: Int { 1 }
  @inline(__always) @inlinable init(_ start: UnsafePointer<F.Epilogue.Sum>) { x = F.sums(start) }
  @inline(__always) @inlinable static func weights(_ panel: UnsafeRawPointer) -> F.Weights { F.weights(panel) }
  @inline(__always) @inlinable mutating func add(_ row: UnsafePointer<F.Element>, _ weights: F.Weights) {
    x = F.adding(x, F.factor(row), times: weights)
  }
  @inline(__always) @inlinable func finish(_ epilogue: F.Epilogue, _ row: Int) { F.finish(epilogue, row: row, x) }
  @inline(__always) @inlinable
  static func tiles<let rows: Int>(
    _: TileHeight<rows>.Type, _ run: UnsafePointer<GemmRun<F.Element, F.Epilogue>>
  ) { gemmNarrowTiles(F.self, TileHeight<rows>.self, run) }
}
