// What becomes of the int32 sums of a product of bytes: bytes, bytes added to others, floats, or the sums themselves.

public import CInstructionSets

/// A product of bytes: u8 rows, s8 weights, int32 sums that wrap.
public typealias ByteBlock = GemmBlock<UInt8, ByteEpilogue>

/// The results of a product of bytes.
public enum ByteResult: Sendable {
  /// Float(sum) · multiplier, requantized.
  case bytes(ByteRange)
  /// As `bytes`, then added to a residual: to that result and the residual `AddedBytes` does what `addRun` does.
  case added(ByteRange, AddedBytes)
  /// Float(sum) · multiplier, held to low…high.
  case floats(low: Float, high: Float)
  /// The sums, not multiplied.
  case sums

  @inline(__always) @inlinable public var elementBytes: Int {
    switch self {
    case .bytes, .added: 1
    case .floats, .sums: 4
    }
  }
}

/// A sum of two tensors of bytes: value · scale + residual value · residualScale, the products and their sum each rounded once.
public struct AddedBytes: Sendable, Equatable {
  /// The product's scale divided by the result's.
  public var scale: Float
  public var residual: ByteInput
  /// The residual's scale divided by the result's.
  public var residualScale: Float
  public var range: ByteRange

  @inlinable public init(scale: Float, residual: ByteInput, residualScale: Float, range: ByteRange) {
    self.scale = scale
    self.residual = residual
    self.residualScale = residualScale
    self.range = range
  }
}

/// Where the results of a product of bytes go, and how they are made.
public struct ByteEpilogue: GemmEpilogue {
  public typealias Sum = Int32

  public var result: ByteResult
  /// (columns, filled up to whole panels): (input scale · weight scale) / output scale.
  public var multipliers: UnsafePointer<Float>
  /// Bytes to add, rows `residualStride` apart; read where `result` is `added`. May be `output` itself.
  public var residual: UnsafePointer<UInt8>?
  public var residualStride: Int
  public var output: UnsafeMutableRawPointer
  /// Elements from row to row.
  public var outputStride: Int
  /// `memoryBytes` bytes, contents free before and after.
  public var memory: UnsafeMutableRawPointer
  /// The columns of a tile that are written; more than a panel has for all of them.
  @usableFromInline var columns = Int.max

  @inlinable public init(
    result: ByteResult, multipliers: UnsafePointer<Float>, residual: UnsafePointer<UInt8>?, residualStride: Int,
    output: UnsafeMutableRawPointer, outputStride: Int, memory: UnsafeMutableRawPointer
  ) {
    self.result = result
    self.multipliers = multipliers
    self.residual = residual
    self.residualStride = residualStride
    self.output = output
    self.outputStride = outputStride
    self.memory = memory
  }

  /// A tile's sums, and of a partly filled panel its results and residual: 9 bytes an element.
  @inlinable public static func memoryBytes(tileRows: Int, panelWidth: Int) -> Int { 9 &* tileRows &* panelWidth }

  @inline(__always) @inlinable public func at(row: Int, column: Int) -> Self {
    var moved = self
    moved.multipliers = multipliers + column
    moved.residual = residual.map { $0 + row &* residualStride + column }
    moved.output = output + (row &* outputStride &+ column) &* result.elementBytes
    return moved
  }

  @inline(__always) @inlinable public func prefetch(rows: Int) {
    if let residual { for row in 0..<rows { isa_prefetch(residual + row &* residualStride) } }
  }

  /// Where the format leaves the sums of one row of a tile.
  @inline(__always) @inlinable public func sums(row: Int, panelWidth: Int) -> UnsafeMutablePointer<Int32> {
    memory.assumingMemoryBound(to: Int32.self) + row &* panelWidth
  }

  /// Writes the results of a tile whose sums are in `memory`, of the first `vectors` vectors of every row.
  @inline(__always) @inlinable public func complete<V: PackedByteVector>(_: V.Type, rows: Int, vectors: Int) {
    let vectors = columns <= V.width ? 1 : vectors
    switch result {
    case .bytes(let range):
      pack(V.self, rows: rows, vectors: vectors, range) { row, column, multipliers in
        V.load(sums: sums(row: row, panelWidth: 2 &* V.width) + column) * multipliers
      }
    case .added(let range, let added):
      pack(V.self, rows: rows, vectors: vectors, added.range) { row, column, multipliers in
        let value = V.load(sums: sums(row: row, panelWidth: 2 &* V.width) + column) * multipliers
        return addResidual(value, range, added, row: row, column: column)
      }
    case .floats, .sums:
      for row in 0..<rows {
        for vector in 0..<vectors {
          let column = vector &* V.width
          let from = UnsafePointer(sums(row: row, panelWidth: 2 &* V.width)) + column
          if case .sums = result {
            let to = output + 4 &* (row &* outputStride &+ column)
            to.copyMemory(from: from, byteCount: 4 &* V.width)
          } else {
            write(V.load(sums: from), row: row, column: column)
          }
        }
      }
    }
  }

  /// Stores the bytes of `value(row, column, multipliers)`, four vectors at a time: of two rows, or of four where each has one vector. The
  /// last rows are written more than once where they are too few.
  @inline(__always) @inlinable
  func pack<V: PackedByteVector>(
    _: V.Type, rows: Int, vectors: Int, _ range: ByteRange, _ value: (_ row: Int, _ column: Int, V) -> V
  ) {
    let form = range.form
    let to = output.assumingMemoryBound(to: UInt8.self)
    let (first, last) = (V.load(multipliers), rows &- 1)
    var row = 0
    if vectors == 2 {
      let second = V.load(multipliers + V.width)
      while row < rows {
        let next = min(row &+ 1, last)
        let bytes = V.packed(
          value(row, 0, first), value(row, V.width, second), value(next, 0, first), value(next, V.width, second), form)
        V.store(V.ordered(bytes), halves: to + row &* outputStride, to + next &* outputStride)
        row &+= 2
      }
    } else {
      while row < rows {
        let (b, c, d) = (min(row &+ 1, last), min(row &+ 2, last), min(row &+ 3, last))
        let bytes = V.packed(value(row, 0, first), value(b, 0, first), value(c, 0, first), value(d, 0, first), form)
        V.store(
          V.ordered(bytes), quarters: to + row &* outputStride, to + b &* outputStride, to + c &* outputStride,
          to + d &* outputStride)
        row &+= 4
      }
    }
  }

  /// `value` as a product's byte, and the residual's: their sum in units of the result's scale.
  @inline(__always) @inlinable
  func addResidual<V: ByteVector>(_ value: V, _ range: ByteRange, _ added: AddedBytes, row: Int, column: Int) -> V {
    let product = range.clamp(value).roundedToNearest() * V(repeating: added.scale)
    let from = residual.unsafelyUnwrapped + row &* residualStride + column
    return product + added.residual.load(V.self, from) * V(repeating: added.residualScale)
  }

  /// Makes results of Float(sum) for a vector of columns and stores them; `result` is not `sums`.
  @inline(__always) @inlinable func write<V: ByteVector>(_ sums: V, row: Int, column: Int) {
    let value = sums * V.load(multipliers + column)
    let at = row &* outputStride &+ column
    let bytes = output.assumingMemoryBound(to: UInt8.self) + at
    switch result {
    case .bytes(let range): range.store(value, bytes)
    case .added(let range, let added):
      added.range.store(addResidual(value, range, added, row: row, column: column), bytes)
    case .floats(let low, let high):
      let clamped = value.raised(to: V(repeating: low)).lowered(to: V(repeating: high))
      clamped.store(output.assumingMemoryBound(to: Float.self) + at)
    case .sums: break
    }
  }

  /// The epilogue of the tile of a partly filled panel: it writes where the results belong if `columns` are one vector, else whole panels
  /// in `memory`.
  @inline(__always) @inlinable
  public func edge<V: ByteVector>(_: V.Type, rows: Int, columns: Int, panelWidth: Int) -> Self {
    var edge = self
    if columns == V.width {
      edge.columns = columns
      return edge
    }
    edge.output = memory + 4 &* rows &* panelWidth
    edge.outputStride = panelWidth
    if let residual {
      let added = (memory + 8 &* rows &* panelWidth).assumingMemoryBound(to: UInt8.self)
      for row in 0..<rows {
        (added + row &* panelWidth).update(from: residual + row &* residualStride, count: columns)
        for column in columns..<panelWidth { added[row &* panelWidth &+ column] = 0 }
      }
      edge.residual = UnsafePointer(added)
      edge.residualStride = panelWidth
    }
    return edge
  }

  /// Copies `columns` of this epilogue's rows to those of `epilogue`.
  @inline(__always) @inlinable public func copy(to epilogue: Self, rows: Int, columns: Int) {
    guard self.columns != columns else { return }  // written where they belong
    let size = result.elementBytes
    for row in 0..<rows {
      (epilogue.output + row &* epilogue.outputStride &* size).copyMemory(
        from: output + row &* outputStride &* size, byteCount: columns &* size)
    }
  }
}
