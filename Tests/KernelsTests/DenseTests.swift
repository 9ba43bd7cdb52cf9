// The constant-weight product against OpenBLAS, both layouts, rows and columns around every edge.

import Testing

@testable import Kernels

@Suite struct DenseTests {
  @Test(arguments: instructionSets, [1, 2, 3, 5, 6, 7, 12, 13, 49])
  func agreesWithOpenBLAS(_ set: CPUFeatures, rows: Int) {
    let pool = ThreadPool(threads: 2)
    for k in [1, 3, 16, 33, 600] {
      for n in [1, 7, 8, 15, 16, 17, 31, 32, 33, 100] {
        var noise = Noise(k * n)
        let input = GuardedBuffer(noise.array(rows * k))
        let weights = GuardedBuffer(noise.array(k * n), atStart: n % 2 == 0)
        let bias = noise.array(n)
        for layout in [DenseLayout.rowMajorKN, .rowMajorNK] {
          var expected = (0..<rows).flatMap { _ in bias }
          matrixMultiply(
            m: rows, n: n, k: k, a: input.start, lda: k, transposeA: false, b: weights.start,
            ldb: layout == .rowMajorKN ? n : k, transposeB: layout == .rowMajorNK, c: &expected, ldc: n, beta: 1)
          let dense = Dense(
            inputs: k, outputs: n, weights: weights.start, layout: layout, bias: bias, maxRows: rows, pool: pool,
            instructionSet: set)
          let output = GuardedBuffer(count: rows * n)
          let scratch = GuardedBuffer(count: dense.scratchFloats)
          dense.run(rows: rows, input: input.start, output: output.start, scratch: scratch.start, pool: pool)
          #expect(zip(output.values, expected).allSatisfy { abs($0 - $1) < 1e-4 }, "\(rows) \(k) \(n) \(layout)")
        }
      }
    }
  }
}
