// The `--profile` report: median time and share of the peak FLOP/s per step of the network.

import Kernels
import Network
import POSIX
import Streams

/// Where the time goes, step by step of the network: what `--profile` reports. Images run one after another, each on all threads.
final class Profile {
  private let steps: [Network.Step]
  /// Of each step, milliseconds of each run.
  private var times: [[Double]]
  private var images = 0

  init(_ network: Network) {
    steps = network.steps
    times = Array(repeating: [], count: steps.count)
  }

  /// - Parameter stepTimes: of one image, milliseconds of each step.
  func add(_ stepTimes: [Double]) {
    images += 1
    for (step, time) in stepTimes.enumerated() { times[step].append(time) }
  }

  /// A table on standard error: medians in milliseconds per image, and the share of the peak that one core was measured at now,
  /// times `threads`. Minimal filtering counts as the multiplications it saves, so it may pass 100 %.
  func report(threads: Int) {
    guard images > 0 else { return }
    let peak = CPUFeatures.current.measuredPeak() * Double(threads)
    let medians = times.map { Statistics.quantile($0, 0.5) ?? 0 }
    let total = medians.reduce(0, +)
    var lines = row(["operator", "algorithm", "output", "ms", "%", "GFLOPS", "of peak"], "node")
    for (step, time) in zip(steps, medians) {
      let cells = [step.operation, step.algorithm, "\(step.outputShape)"]
      let share = fixed(time / total * 100, decimals: 1)
      lines += row(
        cells + [fixed(time, decimals: 3), share] + rates(step.multiplyAdds, time, peak), printable(step.name))
    }
    let cells = ["all", "\(threads) thread\(threads == 1 ? "" : "s")", "", fixed(total, decimals: 3), "100.0"]
    lines += row(
      cells + rates(steps.map(\.multiplyAdds).reduce(0, +), total, peak),
      "\(images) image\(images == 1 ? "" : "s"), peak \(fixed(peak, decimals: 1)) GFLOPS")
    writeToStandardError(Array(lines.utf8))
  }

  /// GFLOPS and the share of `peak`, where a step multiplies at all.
  private func rates(_ multiplyAdds: Int, _ milliseconds: Double, _ peak: Double) -> [String] {
    guard multiplyAdds > 0, milliseconds > 0 else { return ["", ""] }
    let rate = Double(multiplyAdds) * 2 / milliseconds / 1e6
    return [fixed(rate, decimals: 1), fixed(rate / peak * 100, decimals: 0) + "%"]
  }

  /// Words to the left of their columns, figures to the right.
  private func row(_ cells: [String], _ name: String) -> String {
    let padded = zip(cells, [20, 22, 22, 9, 6, 8, 8]).enumerated().map { index, cell in
      let padding = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
      return index < 3 ? cell.0 + padding : padding + cell.0
    }
    return padded.joined(separator: " ") + "  " + name + "\n"
  }
}
