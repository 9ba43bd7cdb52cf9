// Products of bytes by instructions that add two products in 16 bits and saturate, kept exact: weights that could saturate are multiplied
// in 16 bits instead. A group of four k of a panel is safe if in no column the positive or the negative weights of its first or last two k
// sum beyond 128: 255 · 128 < 2¹⁵.

public import CInstructionSets

/// A format of bytes whose panels hold safe groups and others.
///
/// A panel is, for each position: a header (`MixedPanelHeader`), the groups' offsets in a row (int32, the safe groups first), filled up to
/// 64 bytes; of each safe group (2 · width, 4) s8 weights; of each other group the first two k, then the last two: (2 · width, 2) s16.
public protocol MixedByteFormat: ByteFormat where Factor == Sums, Weights == Sums {
  /// sums + the products of the first or last two of the factor's four bytes, widened, with weights of 16 bits.
  static func adding(_ sums: Sums, pairs: Sums, times weights: Sums) -> Sums
  static func firstPair(_ factor: Sums) -> Sums
  static func lastPair(_ factor: Sums) -> Sums
}

extension MixedByteFormat {
  @inline(__always) @inlinable public static func factor(_ row: UnsafePointer<UInt8>) -> Sums {
    Sums(repeating: UnsafeRawPointer(row).loadUnaligned(as: Int32.self))
  }
  @inline(__always) @inlinable public static func weights(_ panel: UnsafeRawPointer) -> Sums {
    panel.loadUnaligned(as: Sums.self)
  }
  @inline(__always) @inlinable
  public static func tiles<let rows: Int>(_: TileHeight<rows>.Type, _ run: UnsafePointer<GemmRun<UInt8, ByteEpilogue>>)
  {
    mixedTiles(Self.self, TileHeight<rows>.self, run)
  }
  @inline(__always) @inlinable public static func bytes(ofPanel panel: UnsafeRawPointer, steps: Int) -> Int {
    Int(panel.loadUnaligned(as: MixedPanelHeader.self).panelBytes)
  }
}

/// The first bytes of each position of a mixed panel.
public struct MixedPanelHeader: BitwiseCopyable {
  /// Of the whole panel, all positions.
  public var panelBytes: Int32
  public var safeGroups: Int32
  public var otherGroups: Int32

  @inlinable public init(panelBytes: Int32, safeGroups: Int32, otherGroups: Int32) {
    self.panelBytes = panelBytes
    self.safeGroups = safeGroups
    self.otherGroups = otherGroups
  }

  /// Bytes of the header and the offsets of `groups` groups.
  @inline(__always) @inlinable public static func bytes(groups: Int) -> Int { (12 &+ 4 &* groups &+ 63) & ~63 }
}

extension TileRow where F: MixedByteFormat {
  /// Adds a group whose weights are 16 bits wide: the first pair's in `b`, the last pair's two vectors later.
  @inline(__always) @inlinable mutating func addWide(_ row: UnsafePointer<UInt8>, _ b: UnsafeRawPointer) {
    let vectorBytes = 4 &* F.width
    let factor = F.factor(row)
    let first = F.firstPair(factor)
    x = F.adding(x, pairs: first, times: F.weights(b))
    y = F.adding(y, pairs: first, times: F.weights(b + vectorBytes))
    let last = F.lastPair(factor)
    x = F.adding(x, pairs: last, times: F.weights(b + 2 &* vectorBytes))
    y = F.adding(y, pairs: last, times: F.weights(b + 3 &* vectorBytes))
  }
}

/// `gemmTiles` for mixed panels.
@inline(never) @inlinable
func mixedTiles<F: MixedByteFormat, let rows: Int>(
  _: F.Type, _: TileHeight<rows>.Type, _ run: UnsafePointer<GemmRun<UInt8, ByteEpilogue>>
) {
  let (positions, tileRows, pace) = (run.pointee.positions, run.pointee.tileRows, run.pointee.pace)
  let vectorBytes = 4 &* F.width
  var p = run.pointee.pointers
  var ahead = run.pointee.ahead
  var epilogue = run.pointee.epilogue
  for _ in 0..<run.pointee.count {
    epilogue.prefetch(rows: rows)
    var sums = TileSums<TileRow<F>, rows>(run.pointee.start)
    var b = run.pointee.panel
    for _ in 0..<positions {
      let header = b.loadUnaligned(as: MixedPanelHeader.self)
      let (safe, others) = (Int(header.safeGroups), Int(header.otherGroups))
      var offset = (b + 12).assumingMemoryBound(to: Int32.self)
      b += MixedPanelHeader.bytes(groups: safe &+ others)
      let a = TilePointers<UInt8, rows>(p, offset: 0)
      p += tileRows
      for _ in 0..<safe {
        let k = Int(offset.pointee)
        offset += 1
        isa_prefetch(ahead)
        ahead += pace
        let weights = TileRow<F>.weights(b)
        b += 2 &* vectorBytes
        sums.forEachRow(a) { $0.add($1 + k, weights) }
      }
      for _ in 0..<others {
        let k = Int(offset.pointee)
        offset += 1
        isa_prefetch(ahead)
        ahead += pace
        sums.forEachRow(a) { $0.addWide($1 + k, b) }
        b += 4 &* vectorBytes
      }
    }
    sums.finish(epilogue)
    epilogue = epilogue.at(row: rows, column: 0)
  }
}
