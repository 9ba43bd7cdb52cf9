// Normalization of rows, moments and runs with a constant side against their definitions, at sizes around every vector edge.

import Testing

@testable import Kernels

@Suite struct RowStatisticsTests {
  static let counts = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 96, 1000]

  @Test(arguments: instructionSets, counts)
  func normalizedRows(_ set: CPUFeatures, count: Int) {
    var noise = Noise(count)
    let values = noise.array(3 * count).map { $0 * 3 + 1 }
    let (scale, shift) = (GuardedBuffer(noise.array(count)), GuardedBuffer(noise.array(count), atStart: true))
    for (kind, centers) in [(RowNormalization.standard(epsilon: 1e-5), true), (.rootMeanSquare(epsilon: 1e-5), false)] {
      let input = GuardedBuffer(values)
      let output = GuardedBuffer(count: values.count)
      normalizeRows(
        kind, rows: 3, count: count, scale: scale.start, shift: shift.start, input: input.start, output: output.start,
        instructionSet: set)
      for row in 0..<3 {
        let x = values[row * count..<(row + 1) * count].map(Double.init)
        let mean = centers ? x.reduce(0, +) / Double(count) : 0
        let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
        for column in 0..<count {
          let unit = (x[column] - mean) / (variance + 1e-5).squareRoot()
          let expected = unit * Double(scale.start[column]) + Double(shift.start[column])
          #expect(abs(Double(output.start[row * count + column]) - expected) < 1e-4 * max(1, abs(expected)))
        }
      }
    }
  }

  @Test(arguments: instructionSets, counts)
  func moments(_ set: CPUFeatures, count: Int) {
    var noise = Noise(count)
    let values = noise.array(count)
    let input = GuardedBuffer(values)
    let result = sums(count: count, input.start, instructionSet: set)
    let expected = values.reduce(into: (0.0, 0.0)) { $0 = ($0.0 + Double($1), $0.1 + Double($1) * Double($1)) }
    #expect(abs(Double(result.sum) - expected.0) < 1e-4 && abs(Double(result.squares) - expected.1) < 1e-4)
  }

  @Test(arguments: instructionSets, counts)
  func runsWithAConstantSide(_ set: CPUFeatures, count: Int) {
    var noise = Noise(count)
    let a = GuardedBuffer(noise.array(count))
    let b = GuardedBuffer(noise.array(count).map { $0 + 2 }, atStart: true)
    let output = GuardedBuffer(count: count)
    let kernels = RunKernels(set)
    let operations: [(RunKernels.Combination, (Float, Float) -> Float)] = [
      (.add, { $0 + $1 }), (.subtract, { $0 - $1 }), (.multiply, { $0 * $1 }), (.divide, { $0 / $1 }),
    ]
    for (kind, operation) in operations {
      for (stepA, stepB) in [(1, 1), (1, 0), (0, 1)] {
        kernels.combine(kind, count: count, a.start, stepA: stepA, b.start, stepB: stepB, output.start)
        #expect((0..<count).allSatisfy { output.start[$0] == operation(a.start[$0 * stepA], b.start[$0 * stepB]) })
      }
    }
    kernels.scaleShift(count: count, scale: a.start, shift: b.start, b.start, output.start, activation: .relu)
    #expect(
      (0..<count).allSatisfy {
        let expected = Activation.relu(b.start[$0] * a.start[$0] + b.start[$0])
        return abs(output.start[$0] - expected) <= 1e-6 * max(1, abs(expected))
      })
  }
}
