// Depthwise convolution of bytes by instructions that add four products a lane: four taps of a kernel at a time, their bytes interleaved
// channel by channel. Sums are exact in int32.

public import CInstructionSets

/// A format whose instructions multiply four bytes a lane, with the operations that interleave four vectors of bytes.
public protocol ByteTapFormat: ByteFormat where Factor == Sums, Weights == Sums {
  /// The bytes, or pairs of bytes, of the first or last half of every 16 bytes of `a` and `b`, in turn.
  static func firstBytes(_ a: Sums, _ b: Sums) -> Sums
  static func lastBytes(_ a: Sums, _ b: Sums) -> Sums
  static func firstPairs(_ a: Sums, _ b: Sums) -> Sums
  static func lastPairs(_ a: Sums, _ b: Sums) -> Sums
}

/// Weights of a depthwise convolution of bytes, for blocks of 4 · `width` channels.
///
/// A block has four vectors. Lane 4i + j of vector v belongs to channel 16i + 4v + j of the block: where interleaving leaves it, and where
/// `PackedByteVector.packed` takes it from.
public struct ByteTapWeights {
  /// Groups of four taps.
  public var groups: Int
  /// (blocks, groups, 4 vectors, width lanes, 4 taps); 0 for taps that fill the last group.
  public var weights: UnsafePointer<Int8>
  /// (blocks, 4 vectors, width): bias − input zero point · Σ weights
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
  /// (groups · 4): where each tap of the first pixel begins; taps that fill the last group repeat another.
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
  let width = 4 &* F.width
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
  let start = weights.start + 4 &* F.width &* block
  var s0 = F.sums(start)
  var s1 = F.sums(start + F.width)
  var s2 = F.sums(start + 2 &* F.width)
  var s3 = F.sums(start + 3 &* F.width)
  var w = UnsafeRawPointer(weights.weights + 16 &* F.width &* weights.groups &* block)
  var taps = row.taps
  for _ in 0..<weights.groups {
    let a = F.weights(taps[0] + offset)
    let b = F.weights(taps[1] + offset)
    let c = F.weights(taps[2] + offset)
    let d = F.weights(taps[3] + offset)
    let (firstAB, lastAB) = (F.firstBytes(a, b), F.lastBytes(a, b))
    let (firstCD, lastCD) = (F.firstBytes(c, d), F.lastBytes(c, d))
    s0 = F.adding(s0, F.firstPairs(firstAB, firstCD), times: F.weights(w))
    s1 = F.adding(s1, F.lastPairs(firstAB, firstCD), times: F.weights(w + 4 &* F.width))
    s2 = F.adding(s2, F.firstPairs(lastAB, lastCD), times: F.weights(w + 8 &* F.width))
    s3 = F.adding(s3, F.lastPairs(lastAB, lastCD), times: F.weights(w + 12 &* F.width))
    taps += 4
    w += 16 &* F.width
  }
  let multipliers = weights.multipliers + 4 &* F.width &* block
  return F.Floats.packed(
    F.values(s0) * F.Floats.load(multipliers), F.values(s1) * F.Floats.load(multipliers + F.width),
    F.values(s2) * F.Floats.load(multipliers + 2 &* F.width), F.values(s3) * F.Floats.load(multipliers + 3 &* F.width),
    form)
}

extension ByteTapFormat {
  /// Each sum rounded to the nearest float.
  @inline(__always) @inlinable static func values(_ sums: Sums) -> Floats {
    withUnsafePointer(to: sums) {
      Floats.load(sums: UnsafeRawPointer($0).assumingMemoryBound(to: Int32.self))
    }
  }
}
