// The register tile: a few rows of A against one packed panel of B, every accumulator a named local (an indexed array of them
// would live in memory). After Goto & van de Geijn 2008 and BLIS (the tile), Dukhan 2019 (the rows behind pointers).

public import CInstructionSets

/// A tile's height as a type, so that every height is compiled by itself: were it a run-time number, it would be tested between
/// the multiplications.
public enum TileHeight<let rows: Int> {}

/// C (rows, 2 · width) = epilogue(A · B + start) for every tile of `run`, of at most 12 rows.
///
/// The last step of a position may overlap the one before, so that no element after the run is read; its repeated elements have zero
/// weights. Not inlined: its caller holds one call per height, more code than the optimiser would take in before it forgot that `rows`
/// is a constant.
@inline(never) @inlinable
func gemmTiles<F: GemmFormat, let rows: Int>(
  _: F.Type, _: TileHeight<rows>.Type, _ run: UnsafePointer<GemmRun<F.Element, F.Epilogue>>
) {
  computeTiles(TileRow<F>.self, TileHeight<rows>.self, run)
}

/// As `gemmTiles`, of the first vector of the panel alone: at most `F.width` columns.
@inline(never) @inlinable
func gemmNarrowTiles<F: GemmFormat, let rows: Int>(
  _: F.Type, _: TileHeight<rows>.Type, _ run: UnsafePointer<GemmRun<F.Element, F.Epilogue>>
) {
  computeTiles(NarrowTileRow<F>.self, TileHeight<rows>.self, run)
}

/// Where a tile's rows begin, one of its runs each; those beyond `rows` are not used.
@usableFromInline struct TilePointers<Element, let rows: Int> {
  @usableFromInline typealias Row = UnsafePointer<Element>
  @usableFromInline let a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11: Row

  @inline(__always) @inlinable init(_ p: UnsafePointer<Row>, offset: Int) {
    a0 = p[0] + offset
    a1 = rows > 1 ? p[1] + offset : a0
    a2 = rows > 2 ? p[2] + offset : a0
    a3 = rows > 3 ? p[3] + offset : a0
    a4 = rows > 4 ? p[4] + offset : a0
    a5 = rows > 5 ? p[5] + offset : a0
    a6 = rows > 6 ? p[6] + offset : a0
    a7 = rows > 7 ? p[7] + offset : a0
    a8 = rows > 8 ? p[8] + offset : a0
    a9 = rows > 9 ? p[9] + offset : a0
    a10 = rows > 10 ? p[10] + offset : a0
    a11 = rows > 11 ? p[11] + offset : a0
  }
}

/// The sums of a tile's rows: every accumulator a property of its own.
@usableFromInline struct TileSums<R: TileRowSums, let rows: Int> {
  @usableFromInline typealias Row = UnsafePointer<R.Format.Element>
  @usableFromInline var r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11: R

  @inline(__always) @inlinable init(_ start: UnsafePointer<R.Format.Epilogue.Sum>) {
    r0 = R(start)
    r1 = r0
    r2 = r0
    r3 = r0
    r4 = r0
    r5 = r0
    r6 = r0
    r7 = r0
    r8 = r0
    r9 = r0
    r10 = r0
    r11 = r0
  }

  /// Calls `add` with every row's sums and where the row is.
  @inline(__always) @inlinable
  mutating func forEachRow(_ a: TilePointers<R.Format.Element, rows>, _ add: (inout R, Row) -> Void) {
    add(&r0, a.a0)
    if rows > 1 { add(&r1, a.a1) }
    if rows > 2 { add(&r2, a.a2) }
    if rows > 3 { add(&r3, a.a3) }
    if rows > 4 { add(&r4, a.a4) }
    if rows > 5 { add(&r5, a.a5) }
    if rows > 6 { add(&r6, a.a6) }
    if rows > 7 { add(&r7, a.a7) }
    if rows > 8 { add(&r8, a.a8) }
    if rows > 9 { add(&r9, a.a9) }
    if rows > 10 { add(&r10, a.a10) }
    if rows > 11 { add(&r11, a.a11) }
  }

  @inline(__always) @inlinable func finish(_ epilogue: R.Format.Epilogue) {
    r0.finish(epilogue, 0)
    if rows > 1 { r1.finish(epilogue, 1) }
    if rows > 2 { r2.finish(epilogue, 2) }
    if rows > 3 { r3.finish(epilogue, 3) }
    if rows > 4 { r4.finish(epilogue, 4) }
    if rows > 5 { r5.finish(epilogue, 5) }
    if rows > 6 { r6.finish(epilogue, 6) }
    if rows > 7 { r7.finish(epilogue, 7) }
    if rows > 8 { r8.finish(epilogue, 8) }
    if rows > 9 { r9.finish(epilogue, 9) }
    if rows > 10 { r10.finish(epilogue, 10) }
    if rows > 11 { r11.finish(epilogue, 11) }
    R.Format.complete(epilogue, rows: rows, vectors: R.vectors)
  }
}

/// The tiles of `run`, a row's sums in `R`.
@inline(__always) @inlinable
func computeTiles<R: TileRowSums, let rows: Int>(
  _: R.Type, _: TileHeight<rows>.Type, _ run: UnsafePointer<GemmRun<R.Format.Element, R.Format.Epilogue>>
) {
  typealias F = R.Format
  let (positions, tileRows, pace) = (run.pointee.positions, run.pointee.tileRows, run.pointee.pace)
  let steps = (run.pointee.depth &+ F.depthGroup &- 1) / F.depthGroup
  let last = max(0, run.pointee.depth &- F.depthGroup)
  let vectorBytes = 4 &* F.width
  let offset = run.pointee.offset
  var p = run.pointee.pointers
  var ahead = run.pointee.ahead
  var epilogue = run.pointee.epilogue
  for _ in 0..<run.pointee.count {
    epilogue.prefetch(rows: rows)
    var sums = TileSums<R, rows>(run.pointee.start)
    var b = run.pointee.panel
    for _ in 0..<positions {
      let a = TilePointers<F.Element, rows>(p, offset: offset)
      p += tileRows
      var k = 0
      let end = b + steps &* 2 &* vectorBytes
      while b < end {
        let weights = R.weights(b)
        b += 2 &* vectorBytes
        isa_prefetch(ahead)
        ahead += pace
        sums.forEachRow(a) { $0.add($1 + k, weights) }
        k &+= F.depthGroup
        if F.depthGroup > 1 && k > last { k = last }
      }
    }
    sums.finish(epilogue)
    epilogue = epilogue.at(row: rows, column: 0)
  }
}
