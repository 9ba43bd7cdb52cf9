// What every format of a product of bytes shares: four products a step, sums in memory between the tile and its epilogue.

public import CInstructionSets

/// u8 rows times s8 weights in int32: an instruction set adds how four products are summed.
public protocol ByteFormat: GemmFormat, SendableMetatype
where Element == UInt8, Epilogue == ByteEpilogue, Sums: SIMD, Sums.Scalar == Int32 {
  /// As many floats as `Sums` has lanes.
  associatedtype Floats: PackedByteVector
}

extension ByteFormat {
  @inline(__always) @inlinable public static var width: Int { Floats.width }
  @inline(__always) @inlinable public static var depthGroup: Int { 4 }
  @inline(__always) @inlinable public static func sums(_ start: UnsafePointer<Int32>) -> Sums {
    UnsafeRawPointer(start).loadUnaligned(as: Sums.self)
  }
  @inline(__always) @inlinable
  public static func finish(_ epilogue: ByteEpilogue, row: Int, _ x: Sums, _ y: Sums) {
    let to = UnsafeMutableRawPointer(epilogue.sums(row: row, panelWidth: 2 &* width))
    to.storeBytes(of: x, as: Sums.self)
    to.storeBytes(of: y, toByteOffset: 4 &* width, as: Sums.self)
  }
  @inline(__always) @inlinable public static func finish(_ epilogue: ByteEpilogue, row: Int, _ x: Sums) {
    UnsafeMutableRawPointer(epilogue.sums(row: row, panelWidth: 2 &* width)).storeBytes(of: x, as: Sums.self)
  }
  @inline(__always) @inlinable
  public static func complete(_ epilogue: ByteEpilogue, rows: Int, vectors: Int) {
    withUnsafePointer(to: epilogue) { completeTile(Self.self, $0, rows: rows, vectors: vectors) }
  }
  @inline(__always) @inlinable
  public static func edge(_ epilogue: ByteEpilogue, rows: Int, columns: Int) -> ByteEpilogue {
    epilogue.edge(Floats.self, rows: rows, columns: columns, panelWidth: 2 &* width)
  }
  @inline(__always) @inlinable
  public static func copy(_ edge: ByteEpilogue, to epilogue: ByteEpilogue, rows: Int, columns: Int) {
    edge.copy(to: epilogue, rows: rows, columns: columns)
  }
}

/// Not inlined, so that there is one copy for all heights.
@inline(never) @inlinable
func completeTile<F: ByteFormat>(_: F.Type, _ epilogue: UnsafePointer<ByteEpilogue>, rows: Int, vectors: Int) {
  epilogue.pointee.complete(F.Floats.self, rows: rows, vectors: vectors)
}

/// A product of bytes on any 64-bit processor.
public enum PortableBytes: ByteFormat {
  public typealias Floats = SIMD4<Float>
  @inline(__always) @inlinable public static var tileRows: Int { 4 }
  @inline(__always) @inlinable public static func factor(_ row: UnsafePointer<UInt8>) -> Int32 {
    UnsafeRawPointer(row).loadUnaligned(as: Int32.self)
  }
  @inline(__always) @inlinable public static func weights(_ panel: UnsafeRawPointer) -> UnsafeRawPointer { panel }
  @inline(__always) @inlinable
  public static func adding(_ sums: SIMD4<Int32>, _ factor: Int32, times weights: UnsafeRawPointer) -> SIMD4<Int32> {
    isa_dot_4(sums, factor, weights)
  }
}
