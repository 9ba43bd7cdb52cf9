// A panel for instructions that saturate: which groups are safe, and the weights in the order `MixedByteFormat` reads them.

internal import KernelTemplates

struct MixedPanel {
  private let panel: UnpackedPanel
  private let weights: UnsafePointer<Int8>
  /// Of each run (positions · parts): its groups, the safe ones first, and how many are safe.
  private let runs: [(order: [Int], safe: Int)]

  /// - Parameter weights: as `panel` describes.
  init(_ panel: UnpackedPanel, _ weights: UnsafePointer<Int8>) {
    self.panel = panel
    self.weights = weights
    let groupBytes = panel.width * 4
    runs = (0..<panel.positions * panel.parts).map { run in
      var safe: [Int] = []
      var others: [Int] = []
      for group in 0..<panel.groups {
        let start = weights + (run * panel.groups + group) * groupBytes
        if Self.isSafe(start, width: panel.width) { safe.append(group) } else { others.append(group) }
      }
      // Fewer safe groups do not pay for their loop's mispredicted end.
      if 8 * safe.count < panel.groups { (safe, others) = ([], Array(0..<panel.groups)) }
      return (safe + others, safe.count)
    }
  }

  /// Whether no two products u8 · s8 that are added in 16 bits can exceed them: whether no two weights sum beyond ±128, since where one is not
  /// positive, or not negative, the other alone cannot.
  private static func isSafe(_ weights: UnsafePointer<Int8>, width: Int) -> Bool {
    var exceeding: UInt16 = 0
    for pair in 0..<2 * width {
      let sum = Int16(weights[2 * pair]) &+ Int16(weights[2 * pair + 1])
      exceeding |= UInt16(bitPattern: sum &+ 128) > 256 ? 1 : 0
    }
    return exceeding == 0
  }

  var bytes: Int {
    runs.reduce(0) { sum, run in
      sum + MixedPanelHeader.bytes(groups: panel.groups)
        + (run.safe + 2 * (panel.groups - run.safe)) * panel.width * 4
    }
  }

  func write(to: UnsafeMutablePointer<Int8>) {
    var at = UnsafeMutableRawPointer(to)
    let groupBytes = panel.width * 4
    for (index, run) in runs.enumerated() {
      at.storeBytes(
        of: MixedPanelHeader(
          panelBytes: Int32(bytes), safeGroups: Int32(run.safe), otherGroups: Int32(panel.groups - run.safe)),
        as: MixedPanelHeader.self)
      for (step, group) in run.order.enumerated() {
        at.storeBytes(of: Int32(panel.offset(group)), toByteOffset: 12 + 4 * step, as: Int32.self)
      }
      at += MixedPanelHeader.bytes(groups: panel.groups)
      for (step, group) in run.order.enumerated() {
        let from = weights + (index * panel.groups + group) * groupBytes
        if step < run.safe {
          at.copyMemory(from: from, byteCount: groupBytes)
          at += groupBytes
        } else {
          for pair in 0..<2 {
            for column in 0..<panel.width {
              for k in 0..<2 {
                at.storeBytes(of: Int16(from[4 * column + 2 * pair + k]), as: Int16.self)
                at += 2
              }
            }
          }
        }
      }
    }
  }
}
