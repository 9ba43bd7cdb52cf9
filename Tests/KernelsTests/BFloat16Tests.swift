// Products of bfloat16 against the plain twin over rounded operands, and those of the instruction set against plain ones of the same arithmetic,
// bit by bit.

import KernelTemplates
import Testing

@testable import Kernels

/// Sizes around the vectors (4, 16), the panels (8, 24, 32), the tiles (4, 12) and the two or four elements of a step.
private let edges = [2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33]

@Suite struct BFloat16Tests {
  /// Products are exact and sums round as in float32: `ConvolutionTests.tolerance`'s reason. Rounding to odd errs by up to twice as much.
  static let tolerance = ConvolutionTests.tolerance

  @Test(arguments: TestedKernels.bfloat16, edges)
  func productAtEveryEdge(_ set: TestedKernels, inputs: Int) {
    guard inputs >= set.bfloat16.depthGroup else { return }
    for outputs in [1, 4, 5, 7, 8, 9, 13, 16, 20, 23, 24, 25, 31, 32, 33, 65] {
      for rows in [1, 2, 3, 4, 5, 11, 12, 13, 25] {
        let shape = ConvolutionShape(
          inHeight: 1, inWidth: rows, inChannels: inputs, outChannels: outputs, kernelHeight: 1, kernelWidth: 1)
        let run = ConvolutionCase(
          shape: shape, residual: rows % 2 == 1, scaled: rows % 3 == 1, gap: rows % 3, atStart: rows % 4 == 0)
        #expect(run.error(set, .bfloat16) < Self.tolerance, "\(shape)")
      }
    }
  }

  static let shapes =
    (ConvolutionTests.shapes + [
      square(9, 7, 33, kernel: 3, stride: 2, pad: 1, dilation: 2), square(9, 16, 33, kernel: 1, stride: 3, pad: 1),
      square(30, 40, 70, kernel: 3, pad: 1), square(7, 201, 150, kernel: 3, pad: 1), square(5, 2, 3, kernel: 2),
    ]).filter { BFloat16Convolution.applies(to: $0, depthGroup: 2) }

  @Test(arguments: TestedKernels.bfloat16, shapes)
  func anyGeometry(_ set: TestedKernels, _ shape: ConvolutionShape) {
    guard BFloat16Convolution.applies(to: shape, depthGroup: set.bfloat16.depthGroup) else { return }
    for (batch, threads) in [(1, 1), (3, 2)] {
      let run = ConvolutionCase(
        shape: shape, batch: batch, activation: .hardSwish, residual: batch == 3, bias: threads == 1,
        scaled: threads == 2, gap: batch - 1, threads: threads, atStart: threads == 2)
      #expect(run.error(set, .bfloat16) < Self.tolerance, "\(run)")
    }
  }

  @Test(arguments: [2, 4])
  func runsShorterThanAStepAreLeftToFloat32(_ group: Int) {
    #expect(!BFloat16Convolution.applies(to: square(5, group - 1, 3, kernel: 1), depthGroup: group))
    #expect(!BFloat16Convolution.applies(to: square(5, group - 1, 3, kernel: 3, dilation: 2), depthGroup: group))
    #expect(BFloat16Convolution.applies(to: square(5, group, 3, kernel: 1), depthGroup: group))
    #expect(BFloat16Convolution.applies(to: square(5, 1, 3, kernel: 4), depthGroup: group))
    #expect(!BFloat16Convolution.applies(to: square(5, 8, 8, kernel: 3, groups: 2), depthGroup: group))
  }

  /// The same bits for any number of threads and any neighbours in the batch; and by the processor's instruction as in plain arithmetic.
  @Test(arguments: [square(9, 9, 33, kernel: 3, pad: 1), square(14, 33, 70, kernel: 1), square(11, 3, 40, kernel: 7)])
  func sameBits(_ shape: ConvolutionShape) {
    var noise = Noise(shape.inChannels)
    let inputs = shape.inHeight * shape.inWidth * shape.inChannels
    let input = noise.array(3 * inputs)
    let weights = noise.array(shape.outChannels * shape.inChannels * shape.kernelHeight * shape.kernelWidth)
    let bias = noise.array(shape.outChannels)
    func outputs(_ set: TestedKernels, images: Range<Int>, threads: Int) -> [Float] {
      ConvolutionCase(shape: shape, batch: images.count, threads: threads).run(
        set, .bfloat16, input: Array(input[images.lowerBound * inputs..<images.upperBound * inputs]), weights: weights,
        bias: bias, residual: nil)
    }
    func alone(_ set: TestedKernels) -> [Float] {
      (0..<3).flatMap { outputs(set, images: $0..<$0 + 1, threads: 1) }
    }
    for set in TestedKernels.bfloat16 {
      let expected = alone(set == .bf16 ? Self.twin : set)
      for threads in 1...3 { #expect(outputs(set, images: 0..<3, threads: threads) == expected) }
    }
  }

  /// What computes as `.bf16` does.
  private static var twin: TestedKernels {
    #if arch(arm64)
      .plainPairs
    #else
      .portable
    #endif
  }

  /// (a, b, a + b rounded to odd)
  static let oddSums: [(Float, Float, UInt32)] = [
    (1, 2, 0x4040_0000), (1, 0x1p-24, 0x3F80_0001), (1, -0x1p-30, 0x3F7F_FFFF), (-1, -0x1p-100, 0xBF80_0001),
    (1 + 0x1p-23, 0x1p-24, 0x3F80_0001), (1 + 0x1p-22, 0x1p-140, 0x3F80_0003), (1 + 0x1p-22, -0x1p-140, 0x3F80_0001),
    (0x1p127, 0x1p127, 0x7F80_0000), (-.greatestFiniteMagnitude, -0x1p103, 0xFF7F_FFFF), (0x1p-126, -0x1p-127, 0),
    (.infinity, 1, 0x7F80_0000), (1, -1, 0),
  ]

  @Test func roundingToOdd() {
    for (a, b, expected) in Self.oddSums { #expect(sumToOdd(a, b).bitPattern == expected, "\(a) + \(b)") }
  }

  @Test(arguments: TestedKernels.bfloat16, [1, 3, 12, 13])
  func denseInBothLayouts(_ set: TestedKernels, rows: Int) {
    let pool = ThreadPool(threads: 2)
    for k in [2, 3, 33, 600] {
      for n in [1, 8, 31, 33, 100] {
        var noise = Noise(k * n)
        let input = GuardedBuffer(noise.array(rows * k))
        let weights = GuardedBuffer(noise.array(k * n), atStart: n % 2 == 0)
        for layout in [DenseLayout.rowMajorKN, .rowMajorNK] {
          var expected = [Float](repeating: 0, count: rows * n)
          let isRounded = k >= set.bfloat16.depthGroup
          let (a, b) =
            isRounded ? (input.values.map(bfloat16), weights.values.map(bfloat16)) : (input.values, weights.values)
          matrixMultiply(
            m: rows, n: n, k: k, a: a, lda: k, transposeA: false, b: b, ldb: layout == .rowMajorKN ? n : k,
            transposeB: layout == .rowMajorNK, c: &expected, ldc: n, beta: 0)
          let dense = Dense(
            inputs: k, outputs: n, weights: weights.start, layout: layout, bias: nil, activation: .none,
            precision: .bf16, maxRows: rows, pool: pool, kernels: set.table, bfloat16: set.bfloat16)
          let output = GuardedBuffer(count: rows * n)
          let scratch = GuardedBuffer(count: dense.scratchFloats)
          dense.run(rows: rows, input: input.start, output: output.start, scratch: scratch.start, pool: pool)
          #expect(zip(output.values, expected).allSatisfy { abs($0 - $1) < 1e-4 }, "\(rows) \(k) \(n) \(layout)")
        }
      }
    }
  }

  /// (float32's bits, bfloat16's bits)
  static let roundings: [(UInt32, UInt16)] = [
    (0x3F80_0000, 0x3F80), (0x3F80_8000, 0x3F80), (0x3F80_8001, 0x3F81), (0x3F81_8000, 0x3F82), (0xBF81_7FFF, 0xBF81),
    (0x7F7F_FFFF, 0x7F80), (0x7F80_0000, 0x7F80), (0xFF80_0000, 0xFF80), (0x7F80_0001, 0x7FC0), (0x007F_FFFF, 0),
    (0x8000_0001, 0x8000), (0x0080_0000, 0x0080), (0x8000_0000, 0x8000),
  ]

  @Test func nearestWithHalvesToEven() {
    for (float, expected) in Self.roundings { #expect(bfloat16Bits(Float(bitPattern: float)) == expected) }
  }

  @Test(arguments: TestedKernels.bfloat16, [0, 1, 15, 16, 17, 47])
  func conversionAtEveryEdge(_ set: TestedKernels, count: Int) {
    var state: UInt32 = 12345
    for _ in 0..<200 {
      let values = (0..<count).map { _ in
        state = state &* 1_664_525 &+ 1_013_904_223
        return Float(bitPattern: state ^ state >> 15)
      }
      let from = GuardedBuffer(values)
      var output = [UInt16](repeating: 0x1234, count: count + 1)
      set.bfloat16.convert(count, from.start, &output)
      let expected = values.map(bfloat16Bits) + [0x1234]
      #expect(
        zip(output, expected).allSatisfy {
          $0 == $1 || Self.keepsSubnormals(set) && Self.isSmall($0) && Self.isSmall($1)
        })
    }
  }

  /// Arm's instruction does, but its products take them as 0.
  private static func keepsSubnormals(_ set: TestedKernels) -> Bool {
    #if arch(arm64)
      set == .bf16
    #else
      false
    #endif
  }
  /// Whether a bfloat16 is no larger than the smallest normal one.
  private static func isSmall(_ bits: UInt16) -> Bool { bits & 0x7FFF <= 0x80 }

  @Test func onlyTheInstructionsMakeItWorthwhile() {
    let features = TestedKernels.bf16.features
    #expect(Precision.bf16.supported(by: features.subtracting(.bf16)) == .float32)
    #expect(Precision.bf16.supported(by: features) == .bf16)
    #expect(Precision.float32.supported(by: features) == .float32)
    let shape = square(14, 256, 256, kernel: 1)
    #expect(ConvolutionChoice.best(shape, width: 16) == .indirect)
    #expect(ConvolutionChoice.best(shape, width: 16, bfloat16Group: 2) == .bfloat16)
    let three = square(56, 64, 64, kernel: 3, pad: 1)
    #expect(ConvolutionChoice.best(three, width: 16, bfloat16Group: 2) == .winogradFour)
    // Four products a lane instead of one are what Winograd saves.
    #expect(ConvolutionChoice.best(three, width: 4, bfloat16Group: 4) == .bfloat16)
  }
}
