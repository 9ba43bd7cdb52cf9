// Normalization of the rows of a matrix: what LayerNormalization, InstanceNormalization and their kin do to each group.

internal import KernelTemplates

/// How a row is brought to unit size.
public enum RowNormalization: Sendable {
  /// (x − mean) / √(variance + epsilon)
  case standard(epsilon: Float)
  /// x / √(mean of x² + epsilon)
  case rootMeanSquare(epsilon: Float)
}

/// output[i] = normalized(input)[i] · scale[i] + shift[i], for one row of `count` floats. `output` may be `input`.
public func normalizeRow(
  _ normalization: RowNormalization, count: Int, scale: UnsafePointer<Float>, shift: UnsafePointer<Float>,
  input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>, instructionSet: CPUFeatures = .current
) {
  guard count > 0 else { return }
  let kernels = instructionSet.kernels
  let (factor, offset): (Float, Float)
  switch normalization {
  case .standard(let epsilon):
    let statistics = standardization(count: count, epsilon: epsilon, input, instructionSet: instructionSet)
    factor = statistics.factor
    offset = -statistics.mean * factor
  case .rootMeanSquare(let epsilon):
    factor = 1 / (moments(count, around: 0, input, kernels).squares / Float(count) + epsilon).squareRoot()
    offset = 0
  }
  kernels.affineRow(count, factor, offset, scale, shift, input, output)
}

/// The mean of `count` contiguous floats, and 1 / √(variance + epsilon).
public func standardization(
  count: Int, epsilon: Float, _ input: UnsafePointer<Float>, instructionSet: CPUFeatures = .current
) -> (mean: Float, factor: Float) {
  let kernels = instructionSet.kernels
  let mean = moments(count, around: 0, input, kernels).sum / Float(count)
  let variance = moments(count, around: mean, input, kernels).squares / Float(count)
  return (mean, 1 / (variance + epsilon).squareRoot())
}

/// Σ input and Σ input², of `count` contiguous floats.
public func sums(
  count: Int, _ input: UnsafePointer<Float>, instructionSet: CPUFeatures = .current
) -> (sum: Float, squares: Float) {
  moments(count, around: 0, input, instructionSet.kernels)
}

private func moments(
  _ count: Int, around center: Float, _ input: UnsafePointer<Float>, _ kernels: KernelTable
) -> (sum: Float, squares: Float) {
  withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * kernels.width) { lanes in
    kernels.momentsRow(count, center, input, lanes.baseAddress!)
    var (sum, squares): (Float, Float) = (0, 0)
    for lane in 0..<kernels.width {
      sum += lanes[lane]
      squares += lanes[kernels.width + lane]
    }
    return (sum, squares)
  }
}
