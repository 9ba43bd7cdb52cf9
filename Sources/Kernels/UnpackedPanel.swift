// A panel of bytes in the order of groups: what instructions that do not saturate multiply, and what a mixed panel is made from.

/// The weights of a panel in the order of groups: (positions, parts, groups of `depthGroup` k, width, depthGroup) s8.
struct UnpackedPanel {
  /// Bytes of a run.
  var depth: Int
  var inputs: Int
  var runTaps: Int
  var positions: Int
  var parts: Int
  var width: Int
  /// A multiple of 4.
  var depthGroup: Int

  /// Groups of a run.
  var groups: Int { (depth + depthGroup - 1) / depthGroup }
  var bytes: Int { positions * parts * groups * groupBytes }
  /// Where a group begins in a run: the last one ends with the run.
  func offset(_ group: Int) -> Int { max(0, min(group * depthGroup, depth - depthGroup)) }
  private var groupBytes: Int { width * depthGroup }
  /// Where element k of a run is in a column.
  private func byteOffset(of k: Int) -> Int { k / depthGroup * groupBytes + k - offset(k / depthGroup) }

  /// Packs the weights of `outputs`, one a column, and gives the sum of each.
  func fill(_ to: UnsafeMutablePointer<Int8>, _ weights: QuantizedWeights, outputs: Range<Int>) -> [Int32] {
    let isWhole = parts == 1 && runTaps == 1 && depth % depthGroup == 0 && outputs.count == width
    if !isWhole { to.initialize(repeating: 0, count: bytes) }
    var sums = [Int32](repeating: 0, count: outputs.count)
    for position in 0..<positions {
      let run = to + position * parts * groups * groupBytes
      if parts == 2 {
        for (column, output) in outputs.enumerated() {
          sums[column] &+= fillHalves(run + depthGroup * column, weights, output, position)
        }
      } else if runTaps == 1 {
        fillGroups(run, weights, outputs, position, &sums)
      } else {
        for (column, output) in outputs.enumerated() {
          let from = bytes(weights, output) + position * runTaps
          sums[column] &+= fill(run + depthGroup * column, weights, from, elements: 0..<depth)
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
    let whole = depth / depthGroup
    for first in stride(from: 0, to: whole, by: 128) {
      let last = min(first + 128, whole)
      for (column, output) in outputs.enumerated() {
        let from = bytes(weights, output) + tap + depthGroup * first * weights.inputStep
        sums[column] &+= fillColumn(
          run + first * groupBytes + depthGroup * column, from, step: weights.inputStep, groups: last - first,
          flip: flip(weights))
      }
    }
    guard depth % depthGroup > 0 else { return }
    for (column, output) in outputs.enumerated() {
      sums[column] &+= fill(
        run + depthGroup * column, weights, bytes(weights, output) + tap, elements: depthGroup * whole..<depth)
    }
  }

  /// Some groups of one column, the weights `step` bytes apart; returns their sum.
  private func fillColumn(
    _ column: UnsafeMutablePointer<Int8>, _ from: UnsafePointer<UInt8>, step: Int, groups: Int, flip: UInt8
  ) -> Int32 {
    var to = UnsafeMutableRawPointer(column)
    var from = from
    var sum: Int32 = 0
    for _ in 0..<groups {
      for at in stride(from: 0, to: depthGroup, by: 4) {
        let (a, b) = (from[0] ^ flip, from[step] ^ flip)
        let (c, d) = (from[2 &* step] ^ flip, from[3 &* step] ^ flip)
        let word = UInt32(a) | UInt32(b) << 8 | UInt32(c) << 16 | UInt32(d) << 24
        to.storeBytes(of: word, toByteOffset: at, as: UInt32.self)
        let pairs = (
          Int32(Int8(bitPattern: a)) &+ Int32(Int8(bitPattern: b)),
          Int32(Int8(bitPattern: c)) &+ Int32(Int8(bitPattern: d))
        )
        sum &+= pairs.0 &+ pairs.1
        from += 4 &* step
      }
      to += groupBytes
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
      column[byteOffset(of: k)] = value
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
      let at = byteOffset(of: k)
      column[at] = Int8(value / 2)
      column[at + groups * groupBytes] = Int8(value - value / 2)
      sum &+= value
    }
    return sum
  }
}
