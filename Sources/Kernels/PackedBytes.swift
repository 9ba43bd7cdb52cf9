// Weights of bytes packed into panels for the register tile, and what the sums of each column start from.

internal import KernelTemplates

/// The weights of one layer, panels of every group.
///
/// A tile reads a group of bytes of a row at a time, 4 or 8, the last of a run even where they overlap those before; repeated bytes have
/// zero weights here. Weights beyond −128…127, bytes less a zero point far from their middle, are split in two halves, and every run of a row
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
      depth: inputs * runTaps, inputs: inputs, runTaps: runTaps, positions: positions, parts: parts, width: panelWidth,
      depthGroup: kernels.depthGroup)
    let start = TypedBuffer<Int32>(repeating: 0, count: groups * count * panelWidth)
    let scaled = TypedBuffer<Float>(repeating: 1, count: groups * count * panelWidth)
    let total = groups * count
    func outputs(_ index: Int) -> Range<Int> {
      let first = index % count * panelWidth
      let output = index / count * columns + first
      return output..<output + min(panelWidth, columns - first)
    }
    func finish(_ index: Int, _ sums: [Int32]) {
      for (column, output) in outputs(index).enumerated() {
        let zeroSum = (inputZero &- kernels.rowOffset) &* sums[column]
        start.start[index * panelWidth + column] = (bias?[output] ?? 0) &- zeroSum
        scaled.start[index * panelWidth + column] = multipliers[output]
      }
    }
    let packed: TypedBuffer<Int8>
    switch kernels.panels {
    case .groups:
      offsets = (0...total).map { $0 * panel.bytes }
      packed = TypedBuffer(count: total * panel.bytes)
      pool.run(tasks: total) { [packed] index in
        finish(index, panel.fill(packed.start + index * panel.bytes, weights, outputs: outputs(index)))
      }
    case .mixed:
      // How large a panel is depends on its weights: each is packed by itself, then all are joined.
      let pieces = UnsafeMutableBufferPointer<TypedBuffer<Int8>?>.allocate(capacity: total)
      pieces.initialize(repeating: nil)
      pool.run(tasks: total) { index in
        withUnsafeTemporaryAllocation(of: Int8.self, capacity: panel.bytes) { memory in
          let groups = memory.baseAddress!
          finish(index, panel.fill(groups, weights, outputs: outputs(index)))
          let mixed = MixedPanel(panel, groups)
          let piece = TypedBuffer<Int8>(count: mixed.bytes)
          mixed.write(to: piece.start)
          pieces[index] = piece
        }
      }
      var ends = [0]
      for piece in pieces { ends.append(ends[ends.count - 1] + piece!.count) }
      offsets = ends
      packed = TypedBuffer(count: ends[total])
      for (index, piece) in pieces.enumerated() {
        (packed.start + ends[index]).update(from: piece!.start, count: piece!.count)
      }
      pieces.deinitialize()
      pieces.deallocate()
    }
    self.weights = packed
    self.start = start
    self.multipliers = scaled
  }

  func panel(group: Int, _ index: Int) -> UnsafeRawPointer {
    UnsafeRawPointer(weights.start + offsets[group * count + index])
  }
  /// The index of a panel's first column in `start` and `multipliers`.
  func firstColumn(group: Int, _ index: Int) -> Int { (group * count + index) * panelWidth }
}
