// The register tile of a panel whose second vector is empty: one vector of sums a row, where `gemmTiles` has two.

public import CInstructionSets

/// As `gemmTiles`, of the first vector of the panel alone: at most `F.width` columns.
@inline(never) @inlinable
func gemmNarrowTiles<F: GemmFormat, let rows: Int>(
  _: F.Type, _: TileHeight<rows>.Type, _ run: UnsafePointer<GemmRun<F.Element, F.Epilogue>>
) {
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
    var r0 = F.sums(run.pointee.start)
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
        let weights = F.weights(b)
        b += 2 &* vectorBytes
        isa_prefetch(ahead)
        ahead += pace
        r0 = F.adding(r0, F.factor(a0 + k), times: weights)
        if rows > 1 { r1 = F.adding(r1, F.factor(a1 + k), times: weights) }
        if rows > 2 { r2 = F.adding(r2, F.factor(a2 + k), times: weights) }
        if rows > 3 { r3 = F.adding(r3, F.factor(a3 + k), times: weights) }
        if rows > 4 { r4 = F.adding(r4, F.factor(a4 + k), times: weights) }
        if rows > 5 { r5 = F.adding(r5, F.factor(a5 + k), times: weights) }
        if rows > 6 { r6 = F.adding(r6, F.factor(a6 + k), times: weights) }
        if rows > 7 { r7 = F.adding(r7, F.factor(a7 + k), times: weights) }
        if rows > 8 { r8 = F.adding(r8, F.factor(a8 + k), times: weights) }
        if rows > 9 { r9 = F.adding(r9, F.factor(a9 + k), times: weights) }
        if rows > 10 { r10 = F.adding(r10, F.factor(a10 + k), times: weights) }
        if rows > 11 { r11 = F.adding(r11, F.factor(a11 + k), times: weights) }
        k &+= F.depthGroup
        if F.depthGroup > 1 && k > last { k = last }
      }
    }
    F.finish(epilogue, row: 0, r0)
    if rows > 1 { F.finish(epilogue, row: 1, r1) }
    if rows > 2 { F.finish(epilogue, row: 2, r2) }
    if rows > 3 { F.finish(epilogue, row: 3, r3) }
    if rows > 4 { F.finish(epilogue, row: 4, r4) }
    if rows > 5 { F.finish(epilogue, row: 5, r5) }
    if rows > 6 { F.finish(epilogue, row: 6, r6) }
    if rows > 7 { F.finish(epilogue, row: 7, r7) }
    if rows > 8 { F.finish(epilogue, row: 8, r8) }
    if rows > 9 { F.finish(epilogue, row: 9, r9) }
    if rows > 10 { F.finish(epilogue, row: 10, r10) }
    if rows > 11 { F.finish(epilogue, row: 11, r11) }
    F.complete(epilogue, rows: rows)
    epilogue = epilogue.at(row: rows, column: 0)
  }
}

/// The tiles of a run whose height is `height`, of the first vector of the panel.
@inline(__always) @inlinable
func gemmNarrow<F: GemmFormat>(_: F.Type, _ height: Int, _ run: UnsafePointer<GemmRun<F.Element, F.Epilogue>>) {
  switch height {
  case 1: gemmNarrowTiles(F.self, TileHeight<1>.self, run)
  case 2: gemmNarrowTiles(F.self, TileHeight<2>.self, run)
  case 3: gemmNarrowTiles(F.self, TileHeight<3>.self, run)
  case 4: gemmNarrowTiles(F.self, TileHeight<4>.self, run)
  default:
    if F.tileRows > 4 {
      switch height {
      case 5: gemmNarrowTiles(F.self, TileHeight<5>.self, run)
      case 6: gemmNarrowTiles(F.self, TileHeight<6>.self, run)
      default:
        if F.tileRows > 6 {
          switch height {
          case 7: gemmNarrowTiles(F.self, TileHeight<7>.self, run)
          case 8: gemmNarrowTiles(F.self, TileHeight<8>.self, run)
          case 9: gemmNarrowTiles(F.self, TileHeight<9>.self, run)
          case 10: gemmNarrowTiles(F.self, TileHeight<10>.self, run)
          case 11: gemmNarrowTiles(F.self, TileHeight<11>.self, run)
          default: gemmNarrowTiles(F.self, TileHeight<12>.self, run)
          }
        }
      }
    }
  }
}
