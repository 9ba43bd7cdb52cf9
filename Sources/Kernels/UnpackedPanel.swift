// A panel of bytes in the order of groups: what instructions that do not saturate multiply, and what a mixed panel is made from.

/// The weights of a panel in the order of groups: (positions, parts, groups of four k, width, 4) s8.
struct UnpackedPanel {
  /// Bytes of a run.
  var depth: Int
  var inputs: Int
  var runTaps: Int
  var positions: Int
  var parts: Int
  var width: Int

  /// Groups of a run.
  var groups: Int { (depth + 3) / 4 }
  var bytes: Int { positions * parts * groups * width * 4 }
  /// Where a group begins in a run: the last one ends with the run.
  func offset(_ group: Int) -> Int { max(0, min(group * 4, depth - 4)) }
  private var groupBytes: Int { width * 4 }

  /// Packs the weights of `outputs`, one a column, and gives the sum of each.
  func fill(_ to: UnsafeMutablePointer<Int8>, _ weights: QuantizedWeights, outputs: Range<Int>) -> [Int32] {
    let isWhole = parts == 1 && runTaps == 1 && depth % 4 == 0 && outputs.count == width
    if !isWhole { to.initialize(repeating: 0, count: bytes) }
    var sums = [Int32](repeating: 0, count: outputs.count)
    for position in 0..<positions {
      let run = to + position * parts * groups * groupBytes
      if parts == 2 {
        for (column, output) in outputs.enumerated() {
          sums[column] &+= fillHalves(run + 4 * column, weights, output, position)
        }
      } else if runTaps == 1 {
        fillGroups(run, weights, outputs, position, &sums)
      } else {
        for (column, output) in outputs.enumerated() {
          let from = bytes(weights, output) + position * runTaps
          sums[column] &+= fill(run + 4 * column, weights, from, elements: 0..<depth)
        }
      }
    }
    return sums
  }

  private func bytes(_ weights: QuantizedWeights, _ output: Int) -> UnsafePointer<UInt8> {
    weights.start.assumingMemoryBound(to: UInt8.self) + output * weights.outputStep
  }

  /// What makes of a weight's byte a signed one: nothing, or less 128.
  private func flip(_ weights: QuantizedWeights) -> UInt8 { weights.isSigned ? 0 : 128 }

  /// A run of one tap that fits bytes as they lie, or about 128: whole groups, so many at a time that the lines they are written to stay
  /// in L1 from column to column; then the rest.
  private func fillGroups(
    _ run: UnsafeMutablePointer<Int8>, _ weights: QuantizedWeights, _ outputs: Range<Int>, _ tap: Int,
    _ sums: inout [Int32]
  ) {
    let whole = depth / 4
    for first in stride(from: 0, to: whole, by: 128) {
      let last = min(first + 128, whole)
      for (column, output) in outputs.enumerated() {
        let from = bytes(weights, output) + tap + 4 * first * weights.inputStep
        sums[column] &+= fillColumn(
          run + first * groupBytes + 4 * column, from, step: weights.inputStep, groups: last - first,
          flip: flip(weights))
      }
    }
    guard depth % 4 > 0 else { return }
    for (column, output) in outputs.enumerated() {
      sums[column] &+= fill(
        run + 4 * column, weights, bytes(weights, output) + tap, elements: 4 * whole..<depth)
    }
  }

  /// Four weights of one column a group, `step` bytes apart; returns their sum.
  private func fillColumn(
    _ column: UnsafeMutablePointer<Int8>, _ from: UnsafePointer<UInt8>, step: Int, groups: Int, flip: UInt8
  ) -> Int32 {
    var to = UnsafeMutableRawPointer(column)
    var from = from
    var sum: Int32 = 0
    for _ in 0..<groups {
      let (a, b) = (from[0] ^ flip, from[step] ^ flip)
      let (c, d) = (from[2 &* step] ^ flip, from[3 &* step] ^ flip)
      to.storeBytes(of: UInt32(a) | UInt32(b) << 8 | UInt32(c) << 16 | UInt32(d) << 24, as: UInt32.self)
      let pairs = (
        Int32(Int8(bitPattern: a)) &+ Int32(Int8(bitPattern: b)),
        Int32(Int8(bitPattern: c)) &+ Int32(Int8(bitPattern: d))
      )
      sum &+= pairs.0 &+ pairs.1
      to += groupBytes
      from += 4 &* step
    }
    return sum
  }

  /// Some elements of a run, one by one; returns their sum.
  private func fill(
    _ column: UnsafeMutablePointer<Int8>, _ weights: QuantizedWeights, _ from: UnsafePointer<UInt8>,
    elements: Range<Int>
  ) -> Int32 {
    var sum: Int32 = 0
    for k in elements {
      let value = Int8(bitPattern: from[k % inputs * weights.inputStep + k / inputs] ^ flip(weights))
      column[k / 4 * groupBytes + k - offset(k / 4)] = value
      sum &+= Int32(value)
    }
    return sum
  }

  /// A run of weights of −255…255, in two halves; returns their sum.
  private func fillHalves(
    _ column: UnsafeMutablePointer<Int8>, _ weights: QuantizedWeights, _ output: Int, _ position: Int
  ) -> Int32 {
    var sum: Int32 = 0
    for k in 0..<depth {
      let value = weights.value(output, k % inputs, position * runTaps + k / inputs)
      let at = k / 4 * groupBytes + k - offset(k / 4)
      column[at] = Int8(value / 2)
      column[at + groups * groupBytes] = Int8(value - value / 2)
      sum &+= value
    }
    return sum
  }
}
