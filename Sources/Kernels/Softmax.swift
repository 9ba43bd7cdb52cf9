// Softmax over the rows of a matrix.

internal import KernelTemplates

/// output (rows, columns): e^(factor · x − max of the row), divided by the row's sum. In place when `output` is `input`.
/// `factor` is not negative.
public func softmax(
  rows: Int, columns: Int, factor: Float = 1, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>,
  instructionSet: CPUFeatures = .current
) {
  guard columns > 0 else { return }
  let kernels = instructionSet.kernels
  withUnsafeTemporaryAllocation(of: Float.self, capacity: kernels.width) { lanes in
    for row in 0..<rows {
      kernels.softmaxRow(columns, factor, input + row * columns, output + row * columns, lanes.baseAddress!)
    }
  }
}
