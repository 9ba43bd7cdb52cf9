// Softmax over the rows of a matrix.

internal import KernelTemplates

/// output (rows, columns): e^(x − max of the row), divided by the row's sum. In place when `output` is `input`.
public func softmax(
  rows: Int, columns: Int, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>,
  instructionSet: CPUFeatures = .current
) {
  guard columns > 0 else { return }
  let kernels = instructionSet.kernels
  for row in 0..<rows {
    let from = input + row * columns
    let to = output + row * columns
    var largest = from[0]
    for column in 1..<max(1, columns) { largest = max(largest, from[column]) }
    kernels.exponentialRun(columns, largest, from, to)
    var sum: Float = 0
    for column in 0..<columns { sum += to[column] }
    for column in 0..<columns { to[column] /= sum }
  }
}
