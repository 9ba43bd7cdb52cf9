// The two-dimensional transforms of a Winograd convolution of bytes: `IntegerWinogradTile`'s, down the columns and then along the rows, a vector of
// channels at a time. In what follows size = outputs + 2.

/// Bᵀ d B of one tile, every channel: at least as many as `V` has lanes. The last vector begins early enough to end with the channels.
///
/// - Parameters:
///   - pixels: (size, size) pointers to the pixels under the tile, each (channels) bytes, to be taken XOR `flip`.
///   - to: (size · size, ·), elements `elementStride` apart, each (channels).
///   - work: (size · size, lanes), contents free before and after.
@inline(__always) @inlinable
func integerWinogradInput<T: IntegerWinogradTile, V: WordVector>(
  _: T.Type, _: V.Type, channels: Int, pixels: UnsafePointer<UnsafePointer<UInt8>>, flip: UInt8,
  to: UnsafeMutablePointer<Int16>, elementStride: Int, work: UnsafeMutablePointer<Int16>
) {
  let (size, width) = (T.outputs &+ 2, V.scalarCount)
  var channel = 0
  while channel < channels {
    channel = min(channel, channels &- width)
    for column in 0..<size {
      T.input(V.self) {
        V.load(bytes: pixels[$0 &* size &+ column] + channel, flip: flip)
      } store: {
        $1.store(work + ($0 &* size &+ column) &* width)
      }
    }
    for row in 0..<size {
      T.input(V.self) {
        V.load(work + (row &* size &+ $0) &* width)
      } store: {
        $1.store(to + (row &* size &+ $0) &* elementStride + channel)
      }
    }
    channel &+= width
  }
}

/// G g Gᵀ of the kernels of one panel.
///
/// - Parameters:
///   - kernels: (steps, 3 · 3, 2 · lanes)
///   - to: (size · size, ·), elements `elementStride` apart, each (steps, 2 · lanes).
///   - work: (size · 3, lanes)
@inline(__always) @inlinable
func integerWinogradKernels<T: IntegerWinogradTile, V: WordVector>(
  _: T.Type, _: V.Type, steps: Int, kernels: UnsafePointer<Int8>, to: UnsafeMutablePointer<Int16>,
  elementStride: Int, work: UnsafeMutablePointer<Int16>
) {
  let (size, width) = (T.outputs &+ 2, V.scalarCount)
  for half in 0..<2 &* steps {
    let from = kernels + ((half / 2) &* 9 &* 2 &+ half % 2) &* width
    let into = to + half &* width
    for column in 0..<3 {
      T.kernel(V.self) {
        V.load(signedBytes: from + ($0 &* 3 &+ column) &* 2 &* width)
      } store: {
        $1.store(work + ($0 &* 3 &+ column) &* width)
      }
    }
    for row in 0..<size {
      T.kernel(V.self) {
        V.load(work + (row &* 3 &+ $0) &* width)
      } store: {
        $1.store(into + (row &* size &+ $0) &* elementStride)
      }
    }
  }
}

/// Tiles side by side, of one panel's columns, and where their results go.
public struct IntegerWinogradOutput {
  /// (size · size, ·) products, `elementStride` apart, each (tiles, panelWidth).
  public var products: UnsafePointer<Int32>
  public var elementStride: Int
  public var tiles: Int
  /// How many rows of pixels, and pixels of a row, lie inside the output.
  public var rows: Int
  public var pixels: Int
  /// Of the panel.
  public var columns: Int
  /// (panelWidth): added to the sums.
  public var start: UnsafePointer<Int32>
  /// At the first pixel and column; its memory holds `memoryBytes` bytes.
  public var epilogue: ByteEpilogue
  /// Elements from one row of pixels to the next.
  public var outputRowStride: Int
  public var residualRowStride: Int
  /// (size · outputs, lanes), contents free before and after.
  public var work: UnsafeMutablePointer<Int32>

  @inlinable public init(
    products: UnsafePointer<Int32>, elementStride: Int, tiles: Int, rows: Int, pixels: Int, columns: Int,
    start: UnsafePointer<Int32>, epilogue: ByteEpilogue, outputRowStride: Int, residualRowStride: Int,
    work: UnsafeMutablePointer<Int32>
  ) {
    self.products = products
    self.elementStride = elementStride
    self.tiles = tiles
    self.rows = rows
    self.pixels = pixels
    self.columns = columns
    self.start = start
    self.epilogue = epilogue
    self.outputRowStride = outputRowStride
    self.residualRowStride = residualRowStride
    self.work = work
  }

  /// The epilogue's memory for `tiles` tiles: of each row of pixels its sums and what the epilogue takes beside them.
  @inlinable public static func memoryBytes(outputs: Int, tiles: Int, panelWidth: Int) -> Int {
    outputs &* ByteEpilogue.memoryBytes(tileRows: tiles &* outputs, panelWidth: panelWidth)
  }
}

/// The results of Aᵀ m A + start of some tiles.
@inline(__always) @inlinable
func integerWinogradOutput<T: IntegerWinogradTile, F: WordFormat>(
  _: T.Type, _: F.Type, _ run: UnsafePointer<IntegerWinogradOutput>
) {
  let tiles = run.pointee.tiles
  let panelWidth = 2 &* F.width
  let rowBytes = ByteEpilogue.memoryBytes(tileRows: tiles &* T.outputs, panelWidth: panelWidth)
  let memory = run.pointee.epilogue.memory
  for tile in 0..<tiles {
    for vector in 0..<2 {
      let column = vector &* F.width
      integerWinogradSums(
        T.self, F.Sums.self, run.pointee.products + (tile &* panelWidth &+ column), run.pointee.elementStride,
        F.sums(run.pointee.start + column), work: run.pointee.work,
        to: memory + 4 &* (tile &* T.outputs &* panelWidth &+ column), rowBytes: rowBytes, pixelSums: panelWidth)
    }
  }
  for row in 0..<run.pointee.rows {
    var epilogue = run.pointee.epilogue
    epilogue.memory = memory + row &* rowBytes
    epilogue.output += row &* run.pointee.outputRowStride &* epilogue.result.elementBytes
    epilogue.residual = epilogue.residual.map { $0 + row &* run.pointee.residualRowStride }
    let (pixels, columns) = (run.pointee.pixels, run.pointee.columns)
    if columns == panelWidth {
      epilogue.complete(F.Floats.self, rows: pixels, vectors: 2)
    } else {
      let edge = epilogue.edge(F.Floats.self, rows: pixels, columns: columns, panelWidth: panelWidth)
      edge.complete(F.Floats.self, rows: pixels, vectors: 2)
      edge.copy(to: epilogue, rows: pixels, columns: columns)
    }
  }
}

/// Aᵀ m A + start of one vector of one tile: (outputs rows `rowBytes` apart, outputs pixels `pixelSums` apart).
@inline(__always) @inlinable
func integerWinogradSums<T: IntegerWinogradTile, V: SumVector>(
  _: T.Type, _: V.Type, _ products: UnsafePointer<Int32>, _ elementStride: Int, _ start: V,
  work: UnsafeMutablePointer<Int32>, to: UnsafeMutableRawPointer, rowBytes: Int, pixelSums: Int
) {
  let (size, width) = (T.outputs &+ 2, V.scalarCount)
  for column in 0..<size {
    T.output(V.self) {
      V.load(products + ($0 &* size &+ column) &* elementStride)
    } store: {
      $1.store(work + ($0 &* size &+ column) &* width)
    }
  }
  for row in 0..<T.outputs {
    let line = (to + row &* rowBytes).assumingMemoryBound(to: Int32.self)
    T.output(V.self) {
      V.load(work + (row &* size &+ $0) &* width)
    } store: {
      (T.quotient($1) &+ start).store(line + $0 &* pixelSums)
    }
  }
}
