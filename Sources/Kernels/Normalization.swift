// Normalization of the rows of a matrix: what LayerNormalization, InstanceNormalization and their kin do to each group.

internal import KernelTemplates

/// How a row is brought to unit size.
public enum RowNormalization: Sendable {
  /// (x − mean) / √(variance + epsilon)
  case standard(epsilon: Float)
  /// x / √(mean of x² + epsilon)
  case rootMeanSquare(epsilon: Float)
}

/// output[i] = normalized(input)[i] · scale[i] + shift[i], for rows of `count` floats, one after the other. `output` may be `input`.
public func normalizeRows(
  _ normalization: RowNormalization, rows: Int, count: Int, scale: UnsafePointer<Float>, shift: UnsafePointer<Float>,
  input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>, instructionSet: CPUFeatures = .current
) {
  guard count > 0 else { return }
  let kernels = instructionSet.kernels
  let (centers, epsilon) =
    switch normalization {
    case .standard(let epsilon): (true, epsilon)
    case .rootMeanSquare(let epsilon): (false, epsilon)
    }
  withUnsafeTemporaryAllocation(of: Float.self, capacity: kernels.width) { lanes in
    kernels.normalizeRows(rows, count, centers, epsilon, scale, shift, input, output, lanes.baseAddress!)
  }
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
  withUnsafeTemporaryAllocation(of: Float.self, capacity: kernels.width) { lanes in
    kernels.momentsRow(count, center, input, lanes.baseAddress!)
  }
}
