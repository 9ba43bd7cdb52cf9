// Depthwise convolution of bytes a block of channels at a time, a few taps of a kernel together: their bytes interleaved channel by channel, so
// that an instruction multiplies several taps of a channel. Sums are exact in int32.

public import CInstructionSets

/// How the weights of such a convolution are packed: what is multiplied at a time.
public enum ByteTapLayout: Sendable {
  /// Four taps; see `QuadTapFormat`.
  case quads
  /// Two taps, their weights split in two; see `PairTapFormat`.
  case pairs

  /// Taps of a group.
  @inlinable public var taps: Int {
    switch self {
    case .quads: 4
    case .pairs: 2
    }
  }
}

/// What sums the taps of blocks of 4 · `Floats.width` channels, with the operations that interleave vectors of bytes.
///
/// A block has four vectors of sums. Lane 4i + j of vector v belongs to channel 16i + 4v + j of the block: where interleaving leaves it, and where
/// `PackedByteVector.packed` takes it from.
public protocol ByteTapFormat {
  /// As many floats as `Sums` has lanes.
  associatedtype Floats: PackedByteVector
  associatedtype Sums: SIMD where Sums.Scalar == Int32

  static var tapLayout: ByteTapLayout { get }
  static func weights(_ start: UnsafeRawPointer) -> Sums
  /// The bytes, or pairs of bytes, of the first or last half of every 16 bytes of `a` and `b`, in turn.
  static func firstBytes(_ a: Sums, _ b: Sums) -> Sums
  static func lastBytes(_ a: Sums, _ b: Sums) -> Sums
  static func firstPairs(_ a: Sums, _ b: Sums) -> Sums
  static func lastPairs(_ a: Sums, _ b: Sums) -> Sums
  /// Adds the taps of one block.
  ///
  /// - Parameters:
  ///   - taps: (groups · taps): where each tap begins, less `offset`.
  ///   - weights: of the block, 16 · `Floats.width` bytes a group.
  static func addTaps(
    _ sums: inout TapSums<Sums>, _ taps: UnsafePointer<UnsafePointer<UInt8>>, offset: Int, groups: Int,
    weights: UnsafeRawPointer)
}

/// The sums of a block.
public struct TapSums<Sums> {
  @usableFromInline var s0, s1, s2, s3: Sums

  @inline(__always) @inlinable init(_ s0: Sums, _ s1: Sums, _ s2: Sums, _ s3: Sums) {
    (self.s0, self.s1, self.s2, self.s3) = (s0, s1, s2, s3)
  }
}

/// Weights of a depthwise convolution of bytes, for blocks of channels.
public struct ByteTapWeights {
  /// Groups of taps.
  public var groups: Int
  /// (blocks, groups, 16 · `Floats.width`), packed for the format; 0 for taps that fill the last group.
  public var weights: UnsafePointer<Int8>
  /// (blocks, 4 vectors, `Floats.width`): bias − (input zero point − `ByteKernelTable.rowOffset`) · Σ weights
  public var start: UnsafePointer<Int32>
  /// (blocks, 4 vectors, width)
  public var multipliers: UnsafePointer<Float>

  @inlinable public init(
    groups: Int, weights: UnsafePointer<Int8>, start: UnsafePointer<Int32>, multipliers: UnsafePointer<Float>
  ) {
    self.groups = groups
    self.weights = weights
    self.start = start
    self.multipliers = multipliers
  }
}

/// Some pixels of one output row, each of `count` contiguous channels; or a whole row as one pixel, where it is contiguous in input and
/// output and its windows are one pixel apart.
public struct ByteTapRow {
  /// (groups · taps): where each tap of the first pixel begins; taps that fill the last group repeat another.
  public var taps: UnsafePointer<UnsafePointer<UInt8>>
  /// Bytes from a pixel's taps to the next one's.
  public var inputStride: Int
  public var pixels: Int
  /// At least a block.
  public var count: Int
  /// Blocks of weights that repeat along `count`.
  public var period: Int
  /// The weights of the last block, which ends with `count`.
  public var lastBlock: Int
  public var output: UnsafeMutablePointer<UInt8>
  public var outputStride: Int
  public var range: ByteRange

  @inlinable public init(
    taps: UnsafePointer<UnsafePointer<UInt8>>, inputStride: Int, pixels: Int, count: Int, period: Int, lastBlock: Int,
    output: UnsafeMutablePointer<UInt8>, outputStride: Int, range: ByteRange
  ) {
    self.taps = taps
    self.inputStride = inputStride
    self.pixels = pixels
    self.count = count
    self.period = period
    self.lastBlock = lastBlock
    self.output = output
    self.outputStride = outputStride
    self.range = range
  }
}

/// The last block begins early enough to end with `count`: some results are computed twice.
@inline(__always) @inlinable
public func byteTapRow<F: ByteTapFormat>(_: F.Type, _ row: ByteTapRow, _ weights: ByteTapWeights) {
  let width = 4 &* F.Floats.width
  let blocks = (row.count &+ width &- 1) / width
  let form = row.range.form
  var index = 0
  for block in 0..<blocks {
    let isLast = block &+ 1 == blocks
    let channel = isLast ? row.count &- width : block &* width
    let packed = isLast ? row.lastBlock : index
    index = index &+ 1 == row.period ? 0 : index &+ 1
    for pixel in 0..<row.pixels {
      let bytes = tapBytes(F.self, row, pixel &* row.inputStride &+ channel, weights, packed, form)
      F.Floats.store(bytes, row.output + pixel &* row.outputStride + channel)
    }
  }
}

/// The results of one block whose taps lie `offset` behind those of the row.
@inline(__always) @inlinable
func tapBytes<F: ByteTapFormat>(
  _: F.Type, _ row: ByteTapRow, _ offset: Int, _ weights: ByteTapWeights, _ block: Int, _ form: isa_byte_form
) -> F.Floats.Bytes {
  let width = F.Floats.width
  let memory = UnsafeRawPointer(weights.start + 4 &* width &* block)
  func start(_ vector: Int) -> F.Sums { (memory + 4 &* vector &* width).loadUnaligned(as: F.Sums.self) }
  var sums = TapSums(start(0), start(1), start(2), start(3))
  F.addTaps(
    &sums, row.taps, offset: offset, groups: weights.groups,
    weights: weights.weights + 16 &* width &* weights.groups &* block)
  let multipliers = weights.multipliers + 4 &* width &* block
  return F.Floats.packed(
    F.values(sums.s0) * F.Floats.load(multipliers), F.values(sums.s1) * F.Floats.load(multipliers + width),
    F.values(sums.s2) * F.Floats.load(multipliers + 2 &* width),
    F.values(sums.s3) * F.Floats.load(multipliers + 3 &* width), form)
}

extension ByteTapFormat {
  /// Each sum rounded to the nearest float.
  @inline(__always) @inlinable static func values(_ sums: Sums) -> Floats {
    withUnsafePointer(to: sums) {
      Floats.load(sums: UnsafeRawPointer($0).assumingMemoryBound(to: Int32.self))
    }
  }
}
