// A product of matrices, tile by tile: panel outermost so that a panel's slice stays in the first cache while the rows pass by it.
// After Goto & van de Geijn 2008; the rows of A stay where they are, as in Dukhan 2019.

/// Computes `block` with tiles of at most `maximum` rows (a literal: 4, 6 or 12).
@inline(__always) @inlinable
public func gemm<V: FloatVector>(_: V.Type, maximum: Int, _ block: UnsafePointer<GemmBlock>) {
  let panelWidth = 2 &* V.width
  let panelDepth = block.pointee.positions &* block.pointee.depth
  let tiles = GemmRows(rows: block.pointee.rows, tileRows: maximum)
  // While the rows pass by one panel, the next comes from memory: weights are read once a run, too far from the last run to be in
  // any cache.
  let bytes = MemoryLayout<Float>.stride &* panelWidth
  let pace = (bytes &+ tiles.count &- 1) / max(1, tiles.count)
  var panel = block.pointee.panels
  var column = 0
  while column < block.pointee.columns {
    let columns = block.pointee.columns &- column
    let isWhole = columns >= panelWidth
    let next = UnsafeRawPointer(panel + panelDepth &* panelWidth)
    var tile = 0
    while tile < tiles.count {  // the taller tiles, then the others; of a partly filled panel, one by one
      let row = tiles.start(tile)
      let run = GemmRun(
        count: isWhole ? (tile < tiles.taller ? tiles.taller : tiles.count) &- tile : 1,
        pointers: block.pointee.pointers + tile &* block.pointee.positions &* maximum, tileRows: maximum, panel: panel,
        bias: block.pointee.bias + column,
        residual: block.pointee.residual.map { $0 + row &* block.pointee.residualStride + column },
        output: block.pointee.output + row &* block.pointee.outputStride + column,
        ahead: next + tile &* panelDepth &* pace, pace: pace)
      if isWhole {
        gemmTiles(V.self, maximum, tiles.height(tile), block, run)
      } else {
        gemmEdge(V.self, maximum, tiles.height(tile), columns, block, run)
      }
      tile &+= run.count
    }
    panel += panelDepth &* panelWidth
    column &+= panelWidth
  }
}

/// A tile of a partly filled panel, computed whole in `block.edge`, of which `columns` are copied to C.
@inline(never) @inlinable
func gemmEdge<V: FloatVector>(
  _: V.Type, _ maximum: Int, _ height: Int, _ columns: Int, _ block: UnsafePointer<GemmBlock>, _ run: GemmRun
) {
  let panelWidth = 2 &* V.width
  var whole = block.pointee
  whole.outputStride = panelWidth
  whole.residualStride = panelWidth
  var edge = run
  edge.output = whole.edge
  if let residual = run.residual {
    let added = whole.edge + maximum &* panelWidth
    for row in 0..<height {
      let from = residual + row &* block.pointee.residualStride
      copyRun(V.self, columns, from, added + row &* panelWidth)
      for column in columns..<panelWidth { added[row &* panelWidth &+ column] = 0 }
    }
    edge.residual = UnsafePointer(added)
  }
  withUnsafePointer(to: whole) { gemmTiles(V.self, maximum, height, $0, edge) }
  for row in 0..<height {
    let to = run.output + row &* block.pointee.outputStride
    copyRun(V.self, columns, whole.edge + row &* panelWidth, to)
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

/// The tiles of a run whose height is `height`: each height a call by itself.
@inline(__always) @inlinable
func gemmTiles<V: FloatVector>(
  _: V.Type, _ maximum: Int, _ height: Int, _ block: UnsafePointer<GemmBlock>, _ run: GemmRun
) {
  switch height {
  case 1: gemmTiles(V.self, TileHeight<1>.self, block, run)
  case 2: gemmTiles(V.self, TileHeight<2>.self, block, run)
  case 3: gemmTiles(V.self, TileHeight<3>.self, block, run)
  case 4: gemmTiles(V.self, TileHeight<4>.self, block, run)
  default:
    if maximum > 4 {
      switch height {
      case 5: gemmTiles(V.self, TileHeight<5>.self, block, run)
      case 6: gemmTiles(V.self, TileHeight<6>.self, block, run)
      default:
        if maximum > 6 {
          switch height {
          case 7: gemmTiles(V.self, TileHeight<7>.self, block, run)
          case 8: gemmTiles(V.self, TileHeight<8>.self, block, run)
          case 9: gemmTiles(V.self, TileHeight<9>.self, block, run)
          case 10: gemmTiles(V.self, TileHeight<10>.self, block, run)
          case 11: gemmTiles(V.self, TileHeight<11>.self, block, run)
          default: gemmTiles(V.self, TileHeight<12>.self, block, run)
          }
        }
      }
    }
  }
}
