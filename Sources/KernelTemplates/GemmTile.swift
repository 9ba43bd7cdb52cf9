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
    var r0 = R(run.pointee.start)
    var r1 = r0
    var r2 = r0
    var r3 = r0
    var r4 = r0
    var r5 = r0
    var r6 = r0
    var r7 = r0
    var r8 = r0
    var r9 = r0
    var r10 = r0
    var r11 = r0
    var b = run.pointee.panel
    for _ in 0..<positions {
      let a0 = p[0] + offset
      let a1 = rows > 1 ? p[1] + offset : a0
      let a2 = rows > 2 ? p[2] + offset : a0
      let a3 = rows > 3 ? p[3] + offset : a0
      let a4 = rows > 4 ? p[4] + offset : a0
      let a5 = rows > 5 ? p[5] + offset : a0
      let a6 = rows > 6 ? p[6] + offset : a0
      let a7 = rows > 7 ? p[7] + offset : a0
      let a8 = rows > 8 ? p[8] + offset : a0
      let a9 = rows > 9 ? p[9] + offset : a0
      let a10 = rows > 10 ? p[10] + offset : a0
      let a11 = rows > 11 ? p[11] + offset : a0
      p += tileRows
      var k = 0
      let end = b + steps &* 2 &* vectorBytes
      while b < end {
        let weights = R.weights(b)
        b += 2 &* vectorBytes
        isa_prefetch(ahead)
        ahead += pace
        r0.add(a0 + k, weights)
        if rows > 1 { r1.add(a1 + k, weights) }
        if rows > 2 { r2.add(a2 + k, weights) }
        if rows > 3 { r3.add(a3 + k, weights) }
        if rows > 4 { r4.add(a4 + k, weights) }
        if rows > 5 { r5.add(a5 + k, weights) }
        if rows > 6 { r6.add(a6 + k, weights) }
        if rows > 7 { r7.add(a7 + k, weights) }
        if rows > 8 { r8.add(a8 + k, weights) }
        if rows > 9 { r9.add(a9 + k, weights) }
        if rows > 10 { r10.add(a10 + k, weights) }
        if rows > 11 { r11.add(a11 + k, weights) }
        k &+= F.depthGroup
        if F.depthGroup > 1 && k > last { k = last }
      }
    }
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
    F.complete(epilogue, rows: rows, vectors: R.vectors)
    epilogue = epilogue.at(row: rows, column: 0)
  }
}
