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
  /// (groups, panels · panelWidth): bias − input zero point · Σ weights, wrapping.
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
    /// Calls `body` with each panel's weights in order of groups.
    func forEachPanel(_ body: (Int, UnsafeMutablePointer<Int8>) -> Void) {
      pool.run(tasks: total) { index in
        withUnsafeTemporaryAllocation(of: Int8.self, capacity: panel.bytes) { memory in
          let first = index % count * panelWidth
          let output = index / count * columns + first
          panel.fill(memory.baseAddress!, weights, outputs: output..<output + min(panelWidth, columns - first))
          body(index, memory.baseAddress!)
        }
      }
    }
    if kernels.panels == .mixed {
      forEachPanel { index, groups in sizes.start[index] = MixedPanel(panel, groups).bytes }
    }
    var offsets = [0]
    for index in 0..<total { offsets.append(offsets[index] + sizes.start[index]) }
    let packed = TypedBuffer<Int8>(count: offsets[total])
    forEachPanel { index, groups in
      let to = packed.start + offsets[index]
      switch kernels.panels {
      case .groups: to.update(from: groups, count: panel.bytes)
      case .mixed: MixedPanel(panel, groups).write(to: to)
      }
      let first = index % count * panelWidth
      let output = index / count * columns + first
      for column in 0..<min(panelWidth, columns - first) {
        let sum = panel.sum(groups, column: column)
        start.start[index * panelWidth + column] = (bias?[output + column] ?? 0) &- inputZero &* sum
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

  func fill(_ to: UnsafeMutablePointer<Int8>, _ weights: QuantizedWeights, outputs: Range<Int>) {
    to.initialize(repeating: 0, count: bytes)
    for (column, output) in outputs.enumerated() {
      for position in 0..<positions {
        for k in 0..<depth {
          let value = weights.value(output, k % inputs, position * runTaps + k / inputs)
          let group = k / 4
          let at = (group * width + column) * 4 + k - offset(group)
          let partBytes = groups * width * 4
          for part in 0..<parts {
            let half = parts == 1 ? value : part == 0 ? value / 2 : value - value / 2
            to[(position * parts + part) * partBytes + at] = Int8(half)
          }
        }
      }
    }
  }

  /// Σ weights of a column.
  func sum(_ weights: UnsafePointer<Int8>, column: Int) -> Int32 {
    var sum: Int32 = 0
    for group in 0..<positions * parts * groups {
      for k in 0..<4 { sum &+= Int32(weights[(group * width + column) * 4 + k]) }
    }
    return sum
  }
}
