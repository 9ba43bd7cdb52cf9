// The register tile of instructions that multiply two rows by two columns, as Arm's matrix products do: four rows of 24 columns.

public import CInstructionSets

/// A format whose vector of sums holds the products of two rows with two columns: those of the first row, then those of the second.
///
/// A panel is 24 columns wide; a step takes 12 vectors of weights of 16 bytes, each two columns' `depthGroup` weights. Twelve vectors of
/// sums for each of two pairs of rows leave 8 of 32 registers for rows and weights. An instruction that joins two rows in a register runs
/// on the same units as a product, which leaves 24 / 26 of their peak: a narrower panel would join more often. The epilogue takes eight
/// columns at a time, as those of a tile of two vectors of sums.
public protocol PairedFormat: GemmFormat where Epilogue.Sum: SIMDScalar, Sums == SIMD4<Epilogue.Sum> {
  /// `depthGroup` elements of a row, then of another.
  static func factor(_ first: UnsafePointer<Element>, _ second: UnsafePointer<Element>) -> Factor
  /// The epilogue of the eight columns of a tile from `column` on.
  static func eightColumns(_ epilogue: Epilogue, from column: Int) -> Epilogue
}

extension PairedFormat {
  @inline(__always) @inlinable public static var tileRows: Int { 4 }
  @inline(__always) @inlinable public static func bytes(ofPanel panel: UnsafeRawPointer, steps: Int) -> Int {
    steps &* 192
  }
  @inline(__always) @inlinable public static func eightColumns(_ epilogue: Epilogue, from column: Int) -> Epilogue {
    epilogue.at(row: 0, column: column)
  }
  /// A row joined with itself.
  @inline(__always) @inlinable public static func factor(_ row: UnsafePointer<Element>) -> Factor { factor(row, row) }
  /// Of the last panel as many vectors of weights are multiplied as hold its columns: 4, 8 or 12.
  @inline(__always) @inlinable
  public static func tiles<let rows: Int>(
    _: TileHeight<rows>.Type, _ run: UnsafePointer<GemmRun<Element, Epilogue>>
  ) {
    if run.pointee.columns > 16 {
      pairedTiles(Self.self, TileHeight<rows>.self, PanelVectors<12>.self, run)
    } else if run.pointee.columns > 8 {
      pairedTiles(Self.self, TileHeight<rows>.self, PanelVectors<8>.self, run)
    } else {
      pairedTiles(Self.self, TileHeight<rows>.self, PanelVectors<4>.self, run)
    }
  }
}

/// The first sums of two columns, for both rows of a pair.
@inline(__always) @inlinable func pairedSums<Sum>(_ start: UnsafePointer<Sum>) -> SIMD4<Sum> {
  let columns = UnsafeRawPointer(start).loadUnaligned(as: UInt64.self)
  return unsafeBitCast(SIMD2(repeating: columns), to: SIMD4<Sum>.self)
}

/// How many vectors of a panel's weights are multiplied, as a type, for the reason of `TileHeight`.
public enum PanelVectors<let count: Int> {}

/// The sums of two rows with a panel's columns, two columns each.
@usableFromInline struct RowPair<F: PairedFormat> {
  @usableFromInline typealias Sums = F.Sums
  @usableFromInline var c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11: Sums

  @inline(__always) @inlinable init(_ start: UnsafePointer<F.Epilogue.Sum>) {
    c0 = F.sums(start)
    c1 = F.sums(start + 2)
    c2 = F.sums(start + 4)
    c3 = F.sums(start + 6)
    c4 = F.sums(start + 8)
    c5 = F.sums(start + 10)
    c6 = F.sums(start + 12)
    c7 = F.sums(start + 14)
    c8 = F.sums(start + 16)
    c9 = F.sums(start + 18)
    c10 = F.sums(start + 20)
    c11 = F.sums(start + 22)
  }

  /// Takes four of the vectors: eight columns of both rows; of one row, where both are the same.
  @inline(__always) @inlinable
  static func finish(
    _ epilogue: F.Epilogue, _ first: Int, _ second: Int, _ a: Sums, _ b: Sums, _ c: Sums, _ d: Sums
  ) {
    typealias Columns = SIMD2<UInt64>
    let (a, b) = (unsafeBitCast(a, to: Columns.self), unsafeBitCast(b, to: Columns.self))
    let (c, d) = (unsafeBitCast(c, to: Columns.self), unsafeBitCast(d, to: Columns.self))
    F.finish(
      epilogue, row: first, unsafeBitCast(Columns(a[0], b[0]), to: Sums.self),
      unsafeBitCast(Columns(c[0], d[0]), to: Sums.self))
    guard second > first else { return }
    F.finish(
      epilogue, row: second, unsafeBitCast(Columns(a[1], b[1]), to: Sums.self),
      unsafeBitCast(Columns(c[1], d[1]), to: Sums.self))
  }
}

/// One vector of weights with one pair of rows, or two.
@inline(__always) @inlinable
func addPairs<F: PairedFormat, let rows: Int>(
  _: F.Type, _: TileHeight<rows>.Type, _ x: inout F.Sums, _ y: inout F.Sums, _ first: F.Factor, _ second: F.Factor,
  _ panel: UnsafeRawPointer
) {
  let weights = F.weights(panel)
  x = F.adding(x, first, times: weights)
  if rows > 2 { y = F.adding(y, second, times: weights) }
}

/// `gemmTiles` of pairs of rows, of the first `2 · vectors` columns of the panel. A last row without a partner is joined with itself.
@inline(never) @inlinable
func pairedTiles<F: PairedFormat, let rows: Int, let vectors: Int>(
  _: F.Type, _: TileHeight<rows>.Type, _: PanelVectors<vectors>.Type,
  _ run: UnsafePointer<GemmRun<F.Element, F.Epilogue>>
) {
  typealias Height = TileHeight<rows>
  let (positions, tileRows, pace) = (run.pointee.positions, run.pointee.tileRows, run.pointee.pace)
  let steps = (run.pointee.depth &+ F.depthGroup &- 1) / F.depthGroup
  let last = max(0, run.pointee.depth &- F.depthGroup)
  let offset = run.pointee.offset
  var p = run.pointee.pointers
  var ahead = run.pointee.ahead
  var epilogue = run.pointee.epilogue
  for _ in 0..<run.pointee.count {
    epilogue.prefetch(rows: rows)
    var x = RowPair<F>(run.pointee.start)
    var y = x
    var b = run.pointee.panel
    for _ in 0..<positions {
      let a0 = p[0] + offset
      let a1 = rows > 1 ? p[1] + offset : a0
      let a2 = rows > 2 ? p[2] + offset : a0
      let a3 = rows > 3 ? p[3] + offset : a2
      p += tileRows
      var k = 0
      let end = b + steps &* 192
      while b < end {
        isa_prefetch(ahead)
        ahead += pace
        let first = F.factor(a0 + k, a1 + k)
        let second = rows > 2 ? F.factor(a2 + k, a3 + k) : first
        addPairs(F.self, Height.self, &x.c0, &y.c0, first, second, b)
        addPairs(F.self, Height.self, &x.c1, &y.c1, first, second, b + 16)
        addPairs(F.self, Height.self, &x.c2, &y.c2, first, second, b + 32)
        addPairs(F.self, Height.self, &x.c3, &y.c3, first, second, b + 48)
        if vectors > 4 {
          addPairs(F.self, Height.self, &x.c4, &y.c4, first, second, b + 64)
          addPairs(F.self, Height.self, &x.c5, &y.c5, first, second, b + 80)
          addPairs(F.self, Height.self, &x.c6, &y.c6, first, second, b + 96)
          addPairs(F.self, Height.self, &x.c7, &y.c7, first, second, b + 112)
        }
        if vectors > 8 {
          addPairs(F.self, Height.self, &x.c8, &y.c8, first, second, b + 128)
          addPairs(F.self, Height.self, &x.c9, &y.c9, first, second, b + 144)
          addPairs(F.self, Height.self, &x.c10, &y.c10, first, second, b + 160)
          addPairs(F.self, Height.self, &x.c11, &y.c11, first, second, b + 176)
        }
        b += 192
        k &+= F.depthGroup
        if k > last { k = last }
      }
    }
    let (second, third, fourth) = (rows > 1 ? 1 : 0, 2, rows > 3 ? 3 : 2)
    let first = F.eightColumns(epilogue, from: 0)
    RowPair<F>.finish(first, 0, second, x.c0, x.c1, x.c2, x.c3)
    if rows > 2 { RowPair<F>.finish(first, third, fourth, y.c0, y.c1, y.c2, y.c3) }
    F.complete(first, rows: rows, vectors: 2)
    if vectors > 4 {
      let epilogue = F.eightColumns(epilogue, from: 8)
      RowPair<F>.finish(epilogue, 0, second, x.c4, x.c5, x.c6, x.c7)
      if rows > 2 { RowPair<F>.finish(epilogue, third, fourth, y.c4, y.c5, y.c6, y.c7) }
      F.complete(epilogue, rows: rows, vectors: 2)
    }
    if vectors > 8 {
      let epilogue = F.eightColumns(epilogue, from: 16)
      RowPair<F>.finish(epilogue, 0, second, x.c8, x.c9, x.c10, x.c11)
      if rows > 2 { RowPair<F>.finish(epilogue, third, fourth, y.c8, y.c9, y.c10, y.c11) }
      F.complete(epilogue, rows: rows, vectors: 2)
    }
    epilogue = epilogue.at(row: rows, column: 0)
  }
}
