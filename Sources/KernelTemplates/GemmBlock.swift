// A block of C: some rows of A against some packed panels of B, tile by tile, panel outermost so that a panel stays in the first
// cache while the rows pass by it. After Goto & van de Geijn 2008; the rows of A stay where they are, as in Dukhan 2019.

public import CInstructionSets

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
  @usableFromInline let taller: Int

  @inline(__always) @inlinable public init(rows: Int, tileRows: Int) {
    count = (rows &+ tileRows &- 1) / tileRows
    height = count == 0 ? 0 : rows / count
    taller = rows &- height &* count
  }
  @inline(__always) @inlinable public func height(_ tile: Int) -> Int { tile < taller ? height &+ 1 : height }
  /// The first row of a tile.
  @inline(__always) @inlinable public func start(_ tile: Int) -> Int {
    tile &* height &+ (tile < taller ? tile : taller)
  }
}

/// Computes `block` with tiles of at most `maximum` rows (a literal: 4, 6 or 12).
@inline(__always) @inlinable
public func gemm<V: FloatVector>(_: V.Type, maximum: Int, _ block: GemmBlock) {
  let panelWidth = 2 &* V.width
  let tiles = GemmRows(rows: block.rows, tileRows: maximum)
  var panel = block.panels
  var column = 0
  while column < block.columns {
    let columns = block.columns &- column
    var pointers = block.pointers
    var output = block.output + column
    var residual = block.residual.map { $0 + column }
    var tile = 0
    while tile < tiles.count {
      let height = tiles.height(tile)
      if let residual {  // read after the sums, by when it can have come
        for row in 0..<height { isa_prefetch(residual + row &* block.residualStride) }
      }
      if columns >= panelWidth {
        gemmTileOf(V.self, maximum, height, block, pointers, panel, block.bias + column, residual, output)
      } else {
        gemmEdge(V.self, maximum, height, columns, block, pointers, panel, block.bias + column, residual, output)
      }
      output += height &* block.outputStride
      residual = residual.map { $0 + height &* block.residualStride }
      pointers += block.positions &* maximum
      tile &+= 1
    }
    panel += block.positions &* block.depth &* panelWidth
    column &+= panelWidth
  }
}

/// A tile of a partly filled panel, computed whole in `block.edge`, of which `columns` are copied to C.
@inline(__always) @inlinable
func gemmEdge<V: FloatVector>(
  _: V.Type, _ maximum: Int, _ height: Int, _ columns: Int, _ block: GemmBlock,
  _ pointers: UnsafePointer<UnsafePointer<Float>>, _ panel: UnsafePointer<Float>, _ bias: UnsafePointer<Float>,
  _ residual: UnsafePointer<Float>?, _ output: UnsafeMutablePointer<Float>
) {
  let panelWidth = 2 &* V.width
  var whole = block
  whole.output = block.edge
  whole.outputStride = panelWidth
  whole.residualStride = panelWidth
  let added = block.edge + maximum &* panelWidth
  if let residual {
    for row in 0..<height {
      for column in 0..<columns { added[row &* panelWidth &+ column] = residual[row &* block.residualStride &+ column] }
      for column in columns..<panelWidth { added[row &* panelWidth &+ column] = 0 }
    }
  }
  gemmTileOf(
    V.self, maximum, height, whole, pointers, panel, bias, residual == nil ? nil : UnsafePointer(added), block.edge)
  for row in 0..<height {
    for column in 0..<columns {
      output[row &* block.outputStride &+ column] = block.edge[row &* panelWidth &+ column]
    }
  }
}

/// The tile of `height` rows.
@inline(__always) @inlinable
func gemmTileOf<V: FloatVector>(
  _: V.Type, _ maximum: Int, _ height: Int, _ block: GemmBlock,
  _ pointers: UnsafePointer<UnsafePointer<Float>>, _ panel: UnsafePointer<Float>, _ bias: UnsafePointer<Float>,
  _ residual: UnsafePointer<Float>?, _ output: UnsafeMutablePointer<Float>
) {
  @inline(__always) func tile(_ rows: Int) {
    gemmTile(
      V.self, rows: rows, pointers: pointers, pointerStride: maximum, positions: block.positions,
      depth: block.depth, panel: panel, bias: bias, residual: residual, residualStride: block.residualStride,
      output: output, outputStride: block.outputStride, low: block.low, high: block.high)
  }
  switch height {
  case 1: tile(1)
  case 2: tile(2)
  case 3: tile(3)
  case 4: tile(4)
  default:
    if maximum > 4 {
      switch height {
      case 5: tile(5)
      case 6: tile(6)
      default:
        if maximum > 6 {
          switch height {
          case 7: tile(7)
          case 8: tile(8)
          case 9: tile(9)
          case 10: tile(10)
          case 11: tile(11)
          default: tile(12)
          }
        }
      }
    }
  }
}
