// Elementwise operations, softmax and LRN against their definitions, through guard pages.

import Glibc
import Testing

@testable import Kernels

@Suite struct ElementwiseTests {
  static let counts = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 20000]
  static let special: [Float] = [
    .nan, .infinity, -.infinity, 0, -0.0, .leastNonzeroMagnitude, -.leastNormalMagnitude / 2, .greatestFiniteMagnitude,
    -.greatestFiniteMagnitude, 88.9, -88.9, 1e-30, 6, 3, -3,
  ]

  static func same(_ a: Float, _ b: Float, within tolerance: Float = 0) -> Bool {
    a == b || a.isNaN && b.isNaN || abs(a - b) <= tolerance * max(abs(b), 1e-30)
  }

  @Test(arguments: instructionSets, counts)
  func addAndMultiply(_ set: CPUFeatures, count: Int) {
    var noise = Noise(count)
    let a = GuardedBuffer((0..<count).map { $0 % 5 == 0 ? Self.special[$0 / 5 % Self.special.count] : noise.next() })
    let b = GuardedBuffer(noise.array(count), atStart: true)
    let output = GuardedBuffer(count: count)
    let pool = ThreadPool(threads: 2)
    add(count: count, a.start, b.start, output.start, activation: .relu, pool: pool, instructionSet: set)
    #expect((0..<count).allSatisfy { Self.same(output.start[$0], Activation.relu(a.start[$0] + b.start[$0])) })
    multiply(count: count, a.start, b.start, output.start, pool: pool, instructionSet: set)
    #expect((0..<count).allSatisfy { Self.same(output.start[$0], a.start[$0] * b.start[$0]) })
  }

  /// NaN, infinities, denormals and the ends of the exponential's range, in every lane and in the rest.
  @Test(arguments: instructionSets, ConvolutionTests.activations)
  func activationsOfSpecialValues(_ set: CPUFeatures, _ activation: Activation) {
    let values = (0..<9).flatMap { shift in Self.special[shift...] + [Float(shift) - 4.5] }
    let input = GuardedBuffer(values)
    let output = GuardedBuffer(count: values.count)
    activate(
      activation, count: values.count, input.start, output.start, pool: ThreadPool(threads: 1), instructionSet: set)
    for (x, y) in zip(values, output.values) {
      // Below −88 the sigmoid is a denormal or zero: nothing that a probability shows.
      let expected = activation(x)
      #expect(Self.same(y, expected, within: 3e-6) || abs(y - expected) < 1e-37, "\(activation)(\(x)) = \(y)")
    }
  }

  @Test(arguments: instructionSets, [1, 2, 3, 7, 8, 9, 17, 33, 1000])
  func softmaxRows(_ set: CPUFeatures, columns: Int) {
    var noise = Noise(columns)
    let values = noise.array(3 * columns).map { $0 * 50 }
    let input = GuardedBuffer(values)
    let output = GuardedBuffer(count: values.count)
    softmax(rows: 3, columns: columns, input: input.start, output: output.start, instructionSet: set)
    for row in 0..<3 {
      let x = values[row * columns..<(row + 1) * columns].map(Double.init)
      let exponentials = x.map { exp($0 - x.max()!) }
      let sum = exponentials.reduce(0, +)
      for column in 0..<columns {
        #expect(abs(Double(output.start[row * columns + column]) - exponentials[column] / sum) < 1e-6)
      }
    }
  }

  @Test(arguments: [1, 3, 5, 17], [1, 2, 5])
  func localResponse(channels: Int, size: Int) {
    var noise = Noise(channels)
    let values = noise.array(70 * channels)
    let input = GuardedBuffer(values)
    let output = GuardedBuffer(count: values.count)
    localResponseNormalization(
      pixels: 70, channels: channels, size: size, alpha: 0.1, beta: 0.75, bias: 2, input: input.start,
      output: output.start, pool: ThreadPool(threads: 2))
    for pixel in 0..<70 {
      for channel in 0..<channels {
        let near = max(0, channel - (size - 1) / 2)...min(channels - 1, channel + size / 2)
        let sum = near.reduce(Float(0)) { $0 + values[pixel * channels + $1] * values[pixel * channels + $1] }
        let expected = values[pixel * channels + channel] / powf(2 + 0.1 / Float(size) * sum, 0.75)
        #expect(abs(output.start[pixel * channels + channel] - expected) < 1e-6)
      }
    }
  }
}
