// Products of bfloat16 against the plain twin over rounded operands, and the portable ones against those of the instruction set, bit by bit.

import KernelTemplates
import Testing

@testable import Kernels

/// Sizes around the vectors (4, 16), the panels (8, 32), the tiles (4, 12) and the pairs of a step.
private let edges = [2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33]

@Suite struct BFloat16Tests {
  /// Products are exact and sums round as in float32: `ConvolutionTests.tolerance`'s reason.
  static let tolerance = ConvolutionTests.tolerance

  @Test(arguments: TestedKernels.bfloat16, edges)
  func productAtEveryEdge(_ set: TestedKernels, inputs: Int) {
    for outputs in [1, 7, 8, 9, 16, 31, 32, 33, 65] {
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
    ]).filter { BFloat16Convolution.applies(to: $0) }

  @Test(arguments: TestedKernels.bfloat16, shapes)
  func anyGeometry(_ set: TestedKernels, _ shape: ConvolutionShape) {
    for (batch, threads) in [(1, 1), (3, 2)] {
      let run = ConvolutionCase(
        shape: shape, batch: batch, activation: .hardSwish, residual: batch == 3, bias: threads == 1,
        scaled: threads == 2, gap: batch - 1, threads: threads, atStart: threads == 2)
      #expect(run.error(set, .bfloat16) < Self.tolerance, "\(run)")
    }
  }

  @Test func anOddLastElementIsNotPaired() {
    #expect(!BFloat16Convolution.applies(to: square(5, 1, 3, kernel: 1)))
    #expect(!BFloat16Convolution.applies(to: square(5, 1, 3, kernel: 3, dilation: 2)))
    #expect(!BFloat16Convolution.applies(to: square(5, 4, 4, kernel: 3, groups: 2)))
  }

  /// The same bits on every instruction set, for any number of threads and any neighbours in the batch.
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
    let expected = (0..<3).flatMap { outputs(.portable, images: $0..<$0 + 1, threads: 1) }
    for set in TestedKernels.bfloat16 {
      for threads in 1...3 { #expect(outputs(set, images: 0..<3, threads: threads) == expected) }
    }
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
          let (a, b) = (input.values.map(bfloat16), weights.values.map(bfloat16))
          matrixMultiply(
            m: rows, n: n, k: k, a: a, lda: k, transposeA: false, b: b, ldb: layout == .rowMajorKN ? n : k,
            transposeB: layout == .rowMajorNK, c: &expected, ldc: n, beta: 0)
          let dense = Dense(
            inputs: k, outputs: n, weights: weights.start, layout: layout, bias: nil, precision: .bf16, maxRows: rows,
            pool: pool, instructionSet: set.features)
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
      set.features.bfloat16Kernels.convert(count, from.start, &output)
      #expect(output == values.map(bfloat16Bits) + [0x1234])
    }
  }

  @Test func onlyTheInstructionsMakeItWorthwhile() {
    #expect(Precision.bf16.supported(by: [.avx2, .fma, .avx512]) == .float32)
    #expect(Precision.bf16.supported(by: [.avx2, .fma, .avx512, .bf16]) == .bf16)
    #expect(Precision.float32.supported(by: [.avx2, .fma, .avx512, .bf16]) == .float32)
    let shape = square(14, 256, 256, kernel: 1)
    #expect(ConvolutionChoice.best(shape, width: 16) == .indirect)
    #expect(ConvolutionChoice.best(shape, width: 16, precision: .bf16) == .bfloat16)
    #expect(ConvolutionChoice.best(square(56, 64, 64, kernel: 3, pad: 1), width: 16, precision: .bf16) == .winogradFour)
  }
}
