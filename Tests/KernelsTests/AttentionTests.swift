// Products of computed matrices and attention against OpenBLAS and the definition, at sizes around every edge, through guard pages.

import Glibc
import Testing

@testable import Kernels

/// A matrix in a guarded buffer: its elements in C order or column by column, or with gaps between the rows.
private struct StoredMatrix {
  let matrix: RuntimeMatrix
  let buffer: GuardedBuffer

  enum Order: CaseIterable { case rows, columns, gaps }

  init(_ rows: Int, _ columns: Int, _ order: Order, _ noise: inout Noise) {
    switch order {
    case .rows: matrix = RuntimeMatrix(rows: rows, columns: columns, rowStep: columns, columnStep: 1)
    case .columns: matrix = RuntimeMatrix(rows: rows, columns: columns, rowStep: 1, columnStep: rows)
    case .gaps: matrix = RuntimeMatrix(rows: rows, columns: columns, rowStep: 2 * columns + 1, columnStep: 2)
    }
    let count = (rows - 1) * matrix.rowStep + (columns - 1) * matrix.columnStep + 1
    buffer = GuardedBuffer(noise.array(count))
  }

  /// In C order.
  var values: [Float] {
    (0..<matrix.rows * matrix.columns).map {
      buffer.start[$0 / matrix.columns * matrix.rowStep + $0 % matrix.columns * matrix.columnStep]
    }
  }
}

@Suite struct AttentionTests {
  @Test(arguments: instructionSets, StoredMatrix.Order.allCases)
  private func productsAgreeWithOpenBLAS(_ set: CPUFeatures, _ order: StoredMatrix.Order) {
    for (m, k, n) in [
      (1, 1, 1), (2, 3, 5), (5, 16, 16), (12, 17, 31), (13, 4, 33), (49, 32, 49), (97, 33, 64), (200, 64, 7),
    ] {
      for other in StoredMatrix.Order.allCases {
        for threads in [1, 3] {
          var noise = Noise(m * k * n)
          let a = StoredMatrix(m, k, order, &noise)
          let b = StoredMatrix(k, n, other, &noise)
          let pool = ThreadPool(threads: threads)
          var expected = [Float](repeating: 0, count: m * n)
          matrixMultiply(
            m: m, n: n, k: k, a: a.values, lda: k, transposeA: false, b: b.values, ldb: n, transposeB: false,
            c: &expected, ldc: n, alpha: 0.25)
          let product = MatrixMultiplication(
            a: a.matrix, b: b.matrix, rowStep: n, factor: 0.25, pool: pool, instructionSet: set)
          let output = GuardedBuffer(count: 2 * m * n)
          let scratch = GuardedBuffer(count: product.scratchFloats)
          product.run(count: 2, scratch: scratch.start, pool: pool) {
            (UnsafePointer(a.buffer.start), UnsafePointer(b.buffer.start), output.start + $0 * m * n)
          }
          #expect(zip(output.values, expected + expected).allSatisfy { abs($0 - $1) < 1e-5 }, "\(m) \(k) \(n) \(other)")
        }
      }
    }
  }

  @Test(arguments: instructionSets, [0, 1, 2])
  func attentionIsItsDefinition(_ set: CPUFeatures, biases: Int) {
    for (queries, keys, depth, width) in [
      (1, 1, 1, 1), (3, 2, 5, 4), (16, 16, 16, 16), (17, 15, 8, 33), (49, 49, 32, 32), (50, 197, 64, 64),
      (100, 33, 7, 20),
    ] {
      for order in StoredMatrix.Order.allCases {
        var noise = Noise(queries * keys * depth)
        let q = StoredMatrix(queries, depth, order, &noise)
        let k = StoredMatrix(keys, depth, order, &noise)
        let v = StoredMatrix(keys, width, order, &noise)
        let added = (0..<biases).map { _ in GuardedBuffer(noise.array(queries * keys)) }
        let pool = ThreadPool(threads: 2)
        let attention = Attention(
          queries: q.matrix, keys: k.matrix, values: v.matrix, biasSteps: (keys, keys), rowStep: width, factor: 3,
          pool: pool, instructionSet: set)
        let output = GuardedBuffer(count: queries * width)
        let scratch = GuardedBuffer(count: attention.scratchFloats)
        attention.run(count: 1, scratch: scratch.start, pool: pool) { _ in
          Attention.Head(
            queries: q.buffer.start, keys: k.buffer.start, values: v.buffer.start,
            biases: (added.first.map { UnsafePointer($0.start) }, biases > 1 ? UnsafePointer(added[1].start) : nil),
            output: output.start)
        }
        let expected = definition(q.values, k.values, v.values, added.map(\.values), queries, keys, depth, width)
        let difference = zip(output.values, expected).reduce(0) { max($0, $1.0.isNaN ? .infinity : abs($1.0 - $1.1)) }
        #expect(difference < 1e-5, "\(queries) \(keys) \(depth) \(width) \(order)")
      }
    }
  }

  private func definition(
    _ q: [Float], _ k: [Float], _ v: [Float], _ biases: [[Float]], _ queries: Int, _ keys: Int, _ depth: Int,
    _ width: Int
  ) -> [Float] {
    var result: [Float] = []
    for query in 0..<queries {
      let scores: [Double] = (0..<keys).map { key in
        let product = (0..<depth).reduce(0.0) { $0 + Double(q[query * depth + $1]) * Double(k[key * depth + $1]) }
        return 3 * product + biases.reduce(0.0) { $0 + Double($1[query * keys + key]) }
      }
      let powers = scores.map { exp($0 - scores.max()!) }
      let sum = powers.reduce(0, +)
      for column in 0..<width {
        result.append(Float((0..<keys).reduce(0.0) { $0 + powers[$1] / sum * Double(v[$1 * width + column]) }))
      }
    }
    return result
  }
}
