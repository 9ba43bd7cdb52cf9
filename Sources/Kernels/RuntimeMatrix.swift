// Operands of products that are known only when a network runs: packed for the register tile at every call.

internal import KernelTemplates

/// A matrix in memory: element (row, column) at row · rowStep + column · columnStep floats.
public struct RuntimeMatrix: Sendable, Equatable {
  public var rows: Int
  public var columns: Int
  public var rowStep: Int
  public var columnStep: Int

  public init(rows: Int, columns: Int, rowStep: Int, columnStep: Int) {
    self.rows = rows
    self.columns = columns
    self.rowStep = rowStep
    self.columnStep = columnStep
  }

  public var transposed: RuntimeMatrix {
    RuntimeMatrix(rows: columns, columns: rows, rowStep: columnStep, columnStep: rowStep)
  }

  /// Whether the elements of a row follow one another, so that the tile can read them where they are.
  var hasContiguousRows: Bool { columnStep == 1 || columns == 1 }
}

extension KernelTable {
  var panelWidth: Int { 2 * width }

  /// Floats of all panels of a matrix (depth, columns).
  func panelFloats(depth: Int, columns: Int) -> Int { (columns + panelWidth - 1) / panelWidth * panelWidth * depth }

  /// Packs all panels of `matrix`, a right side, times `factor`.
  func pack(
    _ matrix: RuntimeMatrix, factor: Float, _ from: UnsafePointer<Float>, to memory: UnsafeMutablePointer<Float>
  ) {
    var (column, to) = (0, memory)
    while column < matrix.columns {
      packPanel(
        matrix.rows, min(panelWidth, matrix.columns - column), factor, from + column * matrix.columnStep,
        matrix.rowStep,
        matrix.columnStep, to)
      to += matrix.rows * panelWidth
      column += panelWidth
    }
  }

  /// Fills the tiles' pointers with `rows` rows that are `step` floats apart.
  func fillPointers(
    _ pointers: UnsafeMutablePointer<UnsafePointer<Float>>, rows: Int, _ start: UnsafePointer<Float>, step: Int
  ) {
    let tiles = GemmRows(rows: rows, tileRows: tileRows)
    var row = start
    for tile in 0..<tiles.count {
      for slot in 0..<tiles.height(tile) {
        pointers[tile * tileRows + slot] = row
        row += step
      }
    }
  }

  /// Floats for the pointers of `rows` rows.
  func pointerFloats(rows: Int) -> Int { wholeLines(((rows + tileRows - 1) / tileRows + 1) * tileRows * 2 + 2) }
}
