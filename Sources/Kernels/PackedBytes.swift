// Weights of bytes packed into panels for the register tile, and what the sums of each column start from.

internal import KernelTemplates

/// The weights of one layer, panels of every group.
///
/// A tile reads four bytes of a row at a time, the last four of a run even where they overlap those before; repeated bytes have zero
/// weights here. Weights beyond −128…127, bytes less a zero point far from their middle, are split in two halves, and every run of a row
/// is read twice.
struct PackedBytes: Sendable {
  let panelWidth: Int
  /// Panels of one group.
  let count: Int
  /// 1, or 2 where weights are split.
  let parts: Int
  /// (groups, panels · panelWidth): bias − (input zero point − the tile's row offset) · Σ weights, wrapping.
  let start: TypedBuffer<Int32>
  /// (groups, panels · panelWidth)
  let multipliers: TypedBuffer<Float>
  private let weights: TypedBuffer<Int8>
  /// (groups · panels + 1): where each panel begins.
  private let offsets: [Int]

  /// - Parameters:
  ///   - positions: runs of a row; run p holds taps p · runTaps…, each with all inputs of the group.
  ///   - runTaps: 1, or the taps of a kernel row that are one run.
  init(
    groups: Int, columns: Int, inputs: Int, positions: Int, runTaps: Int, weights: QuantizedWeights,
    bias: UnsafePointer<Int32>?, inputZero: Int32, multipliers: [Float], kernels: ByteKernelTable, pool: ThreadPool
  ) {
    let panelWidth = kernels.panelWidth
    let count = (columns + panelWidth - 1) / panelWidth
    self.panelWidth = panelWidth
    self.count = count
    parts = weights.fitsBytes(outputs: groups * columns) ? 1 : 2
    let panel = UnpackedPanel(
      depth: inputs * runTaps, inputs: inputs, runTaps: runTaps, positions: positions, parts: parts, width: panelWidth)
    let start = TypedBuffer<Int32>(repeating: 0, count: groups * count * panelWidth)
    let scaled = TypedBuffer<Float>(repeating: 1, count: groups * count * panelWidth)
    let total = groups * count
    let sizes = TypedBuffer<Int>(repeating: panel.bytes, count: total)
    /// Calls `body` with each panel's weights in order of groups, and the sum of each column.
    func forEachPanel(_ body: (Int, UnsafeMutablePointer<Int8>, [Int32]) -> Void) {
      pool.run(tasks: total) { index in
        withUnsafeTemporaryAllocation(of: Int8.self, capacity: panel.bytes) { memory in
          let first = index % count * panelWidth
          let output = index / count * columns + first
          let outputs = output..<output + min(panelWidth, columns - first)
          body(index, memory.baseAddress!, panel.fill(memory.baseAddress!, weights, outputs: outputs))
        }
      }
    }
    if kernels.panels == .mixed {
      forEachPanel { index, groups, _ in sizes.start[index] = MixedPanel(panel, groups).bytes }
    }
    var offsets = [0]
    for index in 0..<total { offsets.append(offsets[index] + sizes.start[index]) }
    let packed = TypedBuffer<Int8>(count: offsets[total])
    forEachPanel { index, groups, sums in
      let to = packed.start + offsets[index]
      switch kernels.panels {
      case .groups: to.update(from: groups, count: panel.bytes)
      case .mixed: MixedPanel(panel, groups).write(to: to)
      }
      let first = index % count * panelWidth
      let output = index / count * columns + first
      for (column, sum) in sums.enumerated() {
        let zeroSum = (inputZero &- kernels.rowOffset) &* sum
        start.start[index * panelWidth + column] = (bias?[output + column] ?? 0) &- zeroSum
        scaled.start[index * panelWidth + column] = multipliers[output + column]
      }
    }
    self.weights = packed
    self.start = start
    self.multipliers = scaled
    self.offsets = offsets
  }

  func panel(group: Int, _ index: Int) -> UnsafeRawPointer {
    UnsafeRawPointer(weights.start + offsets[group * count + index])
  }
  /// The index of a panel's first column in `start` and `multipliers`.
  func firstColumn(group: Int, _ index: Int) -> Int { (group * count + index) * panelWidth }
}

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

  /// Packs the weights of `outputs`, one a column, and gives the sum of each.
  func fill(_ to: UnsafeMutablePointer<Int8>, _ weights: QuantizedWeights, outputs: Range<Int>) -> [Int32] {
    to.initialize(repeating: 0, count: bytes)
    return outputs.map { output in
      let column = to + (output - outputs.lowerBound) * 4
      return parts == 1 ? fill(column, weights, output) : fillHalves(column, weights, output)
    }
  }

  /// How far the elements of a run's last group stand from its beginning: the group ends with the run.
  private var lastShift: Int { depth < 4 ? 0 : groups * 4 - depth }

  /// Weights that fit bytes as they lie, or about 128.
  private func fill(_ column: UnsafeMutablePointer<Int8>, _ weights: QuantizedWeights, _ output: Int) -> Int32 {
    let flip: UInt8 = weights.isSigned ? 0 : 128
    let from = weights.start.assumingMemoryBound(to: UInt8.self) + output * weights.outputStep
    let (groupBytes, lastGroup, shift) = (width * 4, groups - 1, lastShift)
    var sum: Int32 = 0
    var start = column
    for position in 0..<positions {
      var k = 0
      for tap in position * runTaps..<(position + 1) * runTaps {
        var element = from + tap
        for _ in 0..<inputs {
          let value = Int8(bitPattern: element.pointee ^ flip)
          let group = k &>> 2
          start[group &* groupBytes &+ (k & 3) &+ (group == lastGroup ? shift : 0)] = value
          sum &+= Int32(value)
          element += weights.inputStep
          k &+= 1
        }
      }
      start += groups * groupBytes
    }
    return sum
  }

  /// Weights of −255…255, in two halves.
  private func fillHalves(_ column: UnsafeMutablePointer<Int8>, _ weights: QuantizedWeights, _ output: Int) -> Int32 {
    let partBytes = groups * width * 4
    var sum: Int32 = 0
    for position in 0..<positions {
      for k in 0..<depth {
        let value = weights.value(output, k % inputs, position * runTaps + k / inputs)
        let at = 2 * position * partBytes + k / 4 * width * 4 + k - offset(k / 4)
        column[at] = Int8(value / 2)
        column[at + partBytes] = Int8(value - value / 2)
        sum &+= value
      }
    }
    return sum
  }
}
