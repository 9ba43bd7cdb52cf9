import Glibc
import Network
import Streams

/// Where the time goes, step by step of the network: what `--profile` reports.
final class Profile {
  private let steps: [Network.Step]
  private var times: [Double]
  private var images = 0
  private var last = 0.0

  init(_ network: Network) {
    steps = network.steps
    times = Array(repeating: 0, count: steps.count)
  }

  /// To be called after each step of one run.
  func observer() -> (Int) -> Void {
    last = Statistics.milliseconds(CLOCK_MONOTONIC)
    return { [self] step in
      let now = Statistics.milliseconds(CLOCK_MONOTONIC)
      times[step] += now - last
      last = now
    }
  }

  func counted(images: Int) { self.images += images }

  /// A table on standard error, milliseconds per image.
  func report(threads: Int) {
    guard images > 0 else { return }
    let total = times.reduce(0, +)
    var lines = row("operator", "algorithm", "output", "ms", "GFLOPS", "%", "node")
    for (step, time) in zip(steps, times) {
      let each = time / Double(images)
      let rate =
        step.multiplyAdds == 0 || each == 0 ? "" : fixed(Double(step.multiplyAdds) * 2 / each / 1e6, decimals: 1)
      lines += row(
        step.operation, step.algorithm, "\(step.outputShape)", fixed(each, decimals: 3), rate,
        fixed(time / total * 100, decimals: 1), printable(step.name))
    }
    let each = total / Double(images)
    let work = Double(steps.map(\.multiplyAdds).reduce(0, +)) * 2
    lines += row(
      "all", "\(threads) thread\(threads == 1 ? "" : "s")", "", fixed(each, decimals: 3),
      fixed(work / each / 1e6, decimals: 1), "100.0", "\(images) images")
    let bytes = Array(lines.utf8)
    unsafe bytes.withUnsafeBytes { _ = unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  private func row(_ cells: String...) -> String {
    let widths = [20, 22, 22, 9, 8, 6]
    let padded = zip(cells, widths).enumerated().map { index, cell in
      let padding = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
      return index < 3 ? cell.0 + padding : padding + cell.0
    }
    return padded.joined(separator: " ") + "  " + (cells.last ?? "") + "\n"
  }
}
