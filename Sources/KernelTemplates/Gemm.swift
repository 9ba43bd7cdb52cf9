// A product of matrices, tile by tile: panel outermost so that a panel's slice stays in L1 while the rows pass by it.
// After Goto & van de Geijn 2008; the rows of A stay where they are, as in Dukhan 2019.

/// Computes `block` with tiles of at most `F.tileRows` rows.
@inline(__always) @inlinable
public func gemm<F: GemmFormat>(_: F.Type, _ block: UnsafePointer<GemmBlock<F.Element, F.Epilogue>>) {
  let panelWidth = 2 &* F.width
  let (positions, depth) = (block.pointee.positions, block.pointee.depth)
  let steps = positions &* ((depth &+ F.depthGroup &- 1) / F.depthGroup)
  let tiles = GemmRows(rows: block.pointee.rows, tileRows: F.tileRows)
  var panel = block.pointee.panels
  var column = 0
  while column < block.pointee.columns {
    let columns = block.pointee.columns &- column
    let isWhole = columns >= panelWidth
    let isNarrow = F.computesNarrowPanels && columns <= F.width
    // Needs no edge memory: written where it belongs.
    let isDirect = isWhole || isNarrow && columns == F.width || !F.usesEdgeMemory
    // While the rows pass by one panel, the next is prefetched from memory: weights are read once a run, too far from the last run to
    // be in any cache.
    let bytes = F.bytes(ofPanel: panel, steps: steps)
    let next = panel + bytes
    let pace = (bytes / max(1, steps) &+ tiles.count &- 1) / max(1, tiles.count)
    var tile = 0
    while tile < tiles.count {  // the taller tiles, then the others; through edge memory, one by one
      var epilogue = block.pointee.epilogue.at(row: tiles.start(tile), column: column)
      if !F.usesEdgeMemory {
        epilogue = F.edge(epilogue, rows: tiles.height(tile), columns: isWhole ? panelWidth : columns)
      }
      let run = GemmRun(
        count: isDirect ? (tile < tiles.taller ? tiles.taller : tiles.count) &- tile : 1,
        pointers: block.pointee.pointers + tile &* positions &* F.tileRows, offset: block.pointee.offset,
        positions: positions, depth: depth,
        tileRows: F.tileRows, panel: panel, columns: min(columns, panelWidth), start: block.pointee.start + column,
        epilogue: epilogue, ahead: next + tile &* steps &* pace, pace: pace)
      if isDirect && isNarrow {
        withUnsafePointer(to: run) { computeRun(NarrowTileRow<F>.self, tiles.height(tile), $0) }
      } else if isDirect {
        withUnsafePointer(to: run) { computeRun(TileRow<F>.self, tiles.height(tile), $0) }
      } else {
        withUnsafePointer(to: run) { gemmEdge(F.self, tiles.height(tile), columns, $0) }
      }
      tile &+= run.count
    }
    panel = next
    column &+= panelWidth
  }
}

/// A tile of a partly filled panel, computed whole in edge memory, of which `columns` are copied to C.
@inline(never) @inlinable
func gemmEdge<F: GemmFormat>(
  _: F.Type, _ height: Int, _ columns: Int, _ run: UnsafePointer<GemmRun<F.Element, F.Epilogue>>
) {
  var edge = run.pointee
  edge.epilogue = F.edge(edge.epilogue, rows: height, columns: columns)
  withUnsafePointer(to: edge) {
    if F.computesNarrowPanels && columns <= F.width {
      computeRun(NarrowTileRow<F>.self, height, $0)
    } else {
      computeRun(TileRow<F>.self, height, $0)
    }
  }
  F.copy(edge.epilogue, to: run.pointee.epilogue, rows: height, columns: columns)
}

/// The tiles of a run whose height is `height`: each height a call by itself.
@inline(__always) @inlinable
func computeRun<R: TileRowSums>(
  _: R.Type, _ height: Int, _ run: UnsafePointer<GemmRun<R.Format.Element, R.Format.Epilogue>>
) {
  switch height {
  case 1: R.tiles(TileHeight<1>.self, run)
  case 2: R.tiles(TileHeight<2>.self, run)
  case 3: R.tiles(TileHeight<3>.self, run)
  case 4: R.tiles(TileHeight<4>.self, run)
  default:
    if R.Format.tileRows > 4 {
      switch height {
      case 5: R.tiles(TileHeight<5>.self, run)
      case 6: R.tiles(TileHeight<6>.self, run)
      default:
        if R.Format.tileRows > 6 {
          switch height {
          case 7: R.tiles(TileHeight<7>.self, run)
          case 8: R.tiles(TileHeight<8>.self, run)
          case 9: R.tiles(TileHeight<9>.self, run)
          case 10: R.tiles(TileHeight<10>.self, run)
          case 11: R.tiles(TileHeight<11>.self, run)
          default: R.tiles(TileHeight<12>.self, run)
          }
        }
      }
    }
  }
}
