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
    var r0 = TileRow<F>(run.pointee.start)
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
      let header = b.loadUnaligned(as: MixedPanelHeader.self)
      let (safe, others) = (Int(header.safeGroups), Int(header.otherGroups))
      var offset = (b + 12).assumingMemoryBound(to: Int32.self)
      b += MixedPanelHeader.bytes(groups: safe &+ others)
      let a0 = p[0]
      let a1 = rows > 1 ? p[1] : a0
      let a2 = rows > 2 ? p[2] : a0
      let a3 = rows > 3 ? p[3] : a0
      let a4 = rows > 4 ? p[4] : a0
      let a5 = rows > 5 ? p[5] : a0
      let a6 = rows > 6 ? p[6] : a0
      let a7 = rows > 7 ? p[7] : a0
      let a8 = rows > 8 ? p[8] : a0
      let a9 = rows > 9 ? p[9] : a0
      let a10 = rows > 10 ? p[10] : a0
      let a11 = rows > 11 ? p[11] : a0
      p += tileRows
      for _ in 0..<safe {
        let k = Int(offset.pointee)
        offset += 1
        isa_prefetch(ahead)
        ahead += pace
        let weights = TileRow<F>.weights(b)
        b += 2 &* vectorBytes
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
      }
      for _ in 0..<others {
        let k = Int(offset.pointee)
        offset += 1
        isa_prefetch(ahead)
        ahead += pace
        r0.addWide(a0 + k, b)
        if rows > 1 { r1.addWide(a1 + k, b) }
        if rows > 2 { r2.addWide(a2 + k, b) }
        if rows > 3 { r3.addWide(a3 + k, b) }
        if rows > 4 { r4.addWide(a4 + k, b) }
        if rows > 5 { r5.addWide(a5 + k, b) }
        if rows > 6 { r6.addWide(a6 + k, b) }
        if rows > 7 { r7.addWide(a7 + k, b) }
        if rows > 8 { r8.addWide(a8 + k, b) }
        if rows > 9 { r9.addWide(a9 + k, b) }
        if rows > 10 { r10.addWide(a10 + k, b) }
        if rows > 11 { r11.addWide(a11 + k, b) }
        b += 4 &* vectorBytes
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
    F.complete(epilogue, rows: rows, vectors: 2)
    epilogue = epilogue.at(row: rows, column: 0)
  }
}
