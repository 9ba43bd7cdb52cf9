// Products of 16-bit integers whose int32 sums wrap: what a Winograd convolution of bytes multiplies.

public import CInstructionSets

/// A product of 16-bit integers.
public typealias WordBlock = GemmBlock<Int16, SumEpilogue>

/// Stores sums as they are, or adds them to others.
public struct SumEpilogue: GemmEpilogue {
  public typealias Sum = Int32

  public var output: UnsafeMutablePointer<Int32>
  public var outputStride: Int
  /// Whether `output` holds sums that are added to.
  public var adds: Bool

  @inlinable public init(output: UnsafeMutablePointer<Int32>, outputStride: Int, adds: Bool) {
    self.output = output
    self.outputStride = outputStride
    self.adds = adds
  }

  @inline(__always) @inlinable public func at(row: Int, column: Int) -> Self {
    Self(output: output + (row &* outputStride &+ column), outputStride: outputStride, adds: adds)
  }
  @inline(__always) @inlinable public func prefetch(rows: Int) {}
}

/// s16 rows times s16 weights, two products a sum and step. Panels are always computed whole: `output` has their width.
public protocol WordFormat: GemmFormat, SendableMetatype
where Element == Int16, Epilogue == SumEpilogue, Sums: SumVector, Factor == Sums, Weights == Sums {
  /// Twice as many lanes as `Sums`.
  associatedtype Words: WordVector
  /// As many floats as `Sums` has lanes.
  associatedtype Floats: PackedByteVector
}

extension WordFormat {
  @inline(__always) @inlinable public static var width: Int { Floats.width }
  @inline(__always) @inlinable public static var depthGroup: Int { 2 }
  @inline(__always) @inlinable public static var usesEdgeMemory: Bool { false }
  @inline(__always) @inlinable public static func sums(_ start: UnsafePointer<Int32>) -> Sums { Sums.load(start) }
  @inline(__always) @inlinable public static func factor(_ row: UnsafePointer<Int16>) -> Sums {
    Sums(repeating: UnsafeRawPointer(row).loadUnaligned(as: Int32.self))
  }
  @inline(__always) @inlinable public static func weights(_ panel: UnsafeRawPointer) -> Sums {
    panel.loadUnaligned(as: Sums.self)
  }
  @inline(__always) @inlinable
  public static func finish(_ epilogue: SumEpilogue, row: Int, _ x: Sums, _ y: Sums) {
    let to = epilogue.output + row &* epilogue.outputStride
    (epilogue.adds ? x &+ Sums.load(to) : x).store(to)
    (epilogue.adds ? y &+ Sums.load(to + width) : y).store(to + width)
  }
  @inline(__always) @inlinable
  public static func complete(_ epilogue: SumEpilogue, rows: Int, vectors: Int) {}
  @inline(__always) @inlinable
  public static func edge(_ epilogue: SumEpilogue, rows: Int, columns: Int) -> SumEpilogue { epilogue }
}

/// The product on any 64-bit processor.
public enum PortableWords: WordFormat {
  public typealias Words = SIMD8<Int16>
  public typealias Floats = SIMD4<Float>
  @inline(__always) @inlinable public static var tileRows: Int { 4 }
  @inline(__always) @inlinable
  public static func adding(_ sums: SIMD4<Int32>, _ factor: SIMD4<Int32>, times weights: SIMD4<Int32>) -> SIMD4<Int32> {
    isa_dot_pairs_4(sums, factor, weights)
  }
}
