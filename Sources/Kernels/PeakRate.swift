// What one core can do at most: peak FLOP/s of a profile.

internal import Glibc
internal import KernelTemplates

extension CPUFeatures {
  /// Billions of floating-point operations a second of one core, a multiply-add being two: the fastest of some short runs of the
  /// register tile over operands that stay in L1. Takes about 20 ms.
  public func measuredPeak() -> Double {
    let kernels = self.kernels
    let (rows, depth, columns) = (kernels.tileRows, 256, 2 * kernels.width)
    let left = TypedBuffer<Float>(repeating: 0, count: rows * depth)
    let panel = TypedBuffer<Float>(repeating: 0, count: depth * columns)
    let output = TypedBuffer<Float>(repeating: 0, count: rows * columns)
    let pointers = (0..<rows).map { UnsafePointer(left.start) + $0 * depth }
    let repetitions = 400
    var best = Double.infinity
    pointers.withUnsafeBufferPointer { pointers in
      let block = FloatBlock(
        pointers: pointers.baseAddress!, rows: rows, positions: 1, depth: depth, panels: panel.start, columns: columns,
        start: panel.start,
        epilogue: FloatEpilogue(
          residual: nil, residualStride: 0, output: output.start, outputStride: columns, low: -.infinity,
          high: .infinity))
      for _ in 0..<40 {
        let began = seconds()
        for _ in 0..<repetitions { kernels.multiply(block) }
        best = min(best, seconds() - began)
      }
    }
    return 2 * Double(rows * depth * columns * repetitions) / best / 1e9
  }

  private func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
