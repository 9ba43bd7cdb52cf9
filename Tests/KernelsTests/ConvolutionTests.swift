// Every convolution algorithm against its plain twin, on every instruction set here, at sizes around every tile and vector edge.

import Testing

@testable import Kernels

/// Sizes around the vectors (4, 8, 16), the panels (8, 16, 32) and the tiles (4, 6, 12).
private let edges = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33]

@Suite struct ConvolutionTests {
  /// Sums of n products, up to about 600 here, in another order than the twin's: a random walk of 2n roundings of 2⁻²⁴
  /// reaches √(2n) · 2⁻²⁴ = 2e-6 where product and sum round apart, as they do without FMA; twice that is allowed.
  static let tolerance: Float = 4e-6
  /// F(4×4)'s transforms multiply by up to 5 and 8, twice.
  static let winogradTolerance: Float = 2e-5

  @Test(arguments: TestedKernels.here, edges)
  func productAtEveryEdge(_ set: TestedKernels, outputs: Int) {
    for inputs in edges {
      for rows in [1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 23, 25, 49] {
        let shape = ConvolutionShape(
          inHeight: 1, inWidth: rows, inChannels: inputs, outChannels: outputs, kernelHeight: 1, kernelWidth: 1)
        let run = ConvolutionCase(shape: shape, residual: rows % 2 == 1, gap: rows % 3, atStart: rows % 4 == 0)
        #expect(run.error(set, .indirect) < Self.tolerance, "\(shape)")
      }
    }
  }

  @Test(arguments: TestedKernels.here, [ConvolutionChoice.indirect, .winogradTwo, .winogradFour])
  func threeByThreeAtEveryEdge(_ set: TestedKernels, _ choice: ConvolutionChoice) {
    for inputs in edges {
      for outputs in [1, 7, 8, 9, 16, 17, 33] {
        for size in [1, 2, 3, 4, 5, 7, 8, 9] {
          let pad = size < 3 ? 1 : (inputs + size) % 3
          let run = ConvolutionCase(
            shape: square(size, inputs, outputs, kernel: 3, pad: pad), residual: size % 2 == 0, gap: outputs % 2,
            atStart: inputs % 2 == 0)
          let error = run.error(set, choice)
          #expect(error < (choice == .indirect ? Self.tolerance : Self.winogradTolerance), "\(run)")
        }
      }
    }
  }

  /// Groups share their pointers, and each fills a part of a panel: 16 and 24 columns take one vector and one and a half.
  @Test(arguments: TestedKernels.here, [1, 5, 12, 16, 20, 24, 40])
  func groupsOfTheProduct(_ set: TestedKernels, outputs: Int) {
    for inputs in [3, 16] {
      let run = ConvolutionCase(
        shape: square(9, 3 * inputs, 3 * outputs, kernel: 3, pad: 1, groups: 3), batch: 2, activation: .hardSwish,
        residual: true, gap: 1, threads: 2)
      #expect(run.error(set, .indirect) < Self.tolerance, "\(run)")
    }
  }

  static let shapes: [ConvolutionShape] = [
    square(17, 3, 20, kernel: 7, stride: 2, pad: 3),
    square(23, 3, 9, kernel: 11, stride: 4),
    square(11, 1, 6, kernel: 5, pad: 2),
    square(12, 8, 5, kernel: 3, stride: 2, pad: 1),
    square(13, 9, 17, kernel: 3, stride: 2, pad: 1),
    square(9, 16, 33, kernel: 1, stride: 2),
    square(9, 8, 12, kernel: 3, pad: 1, groups: 4),
    square(9, 12, 6, kernel: 3, pad: 1, groups: 3),
    square(9, 4, 8, kernel: 3, pad: 1, groups: 4),
    square(11, 5, 6, kernel: 3, pad: 2, dilation: 2),
    ConvolutionShape(
      inHeight: 12, inWidth: 11, inChannels: 4, outChannels: 6, kernelHeight: 3, kernelWidth: 2, strideHeight: 2,
      dilationHeight: 2, dilationWidth: 3, padTop: 2, padBottom: 1, padRight: 3),
    ConvolutionShape(
      inHeight: 9, inWidth: 14, inChannels: 16, outChannels: 24, kernelHeight: 1, kernelWidth: 7, padLeft: 3,
      padRight: 3),
    ConvolutionShape(
      inHeight: 10, inWidth: 7, inChannels: 20, outChannels: 18, kernelHeight: 3, kernelWidth: 3, padTop: 2,
      padRight: 1),
    square(1, 9, 8, kernel: 3, pad: 3),
  ]

  @Test(arguments: TestedKernels.here, shapes)
  func anyGeometry(_ set: TestedKernels, _ shape: ConvolutionShape) {
    for choice in ConvolutionChoice.float32 where choice.applies(to: shape, width: set.table.width) {
      for batch in [1, 3] {
        for threads in [1, 2] {
          let run = ConvolutionCase(
            shape: shape, batch: batch, activation: .relu, residual: batch == 3, bias: threads == 1,
            scaled: threads == 2, gap: batch - 1,
            threads: threads, atStart: threads == 2)
          #expect(run.error(set, choice) < Self.winogradTolerance, "\(choice) \(run)")
        }
      }
    }
  }

  @Test(arguments: TestedKernels.here, edges)
  func depthwise(_ set: TestedKernels, channels: Int) {
    let shapes = [
      square(1, channels, channels, kernel: 3, pad: 1, groups: channels),
      square(4, channels, channels, kernel: 3, pad: 1, groups: channels),
      square(13, channels, channels, kernel: 3, pad: 1, groups: channels),
      square(14, channels, channels, kernel: 3, stride: 2, pad: 1, groups: channels),
      square(14, channels, channels, kernel: 5, stride: 2, pad: 2, groups: channels),
      square(11, channels, channels, kernel: 3, pad: 2, dilation: 2, groups: channels),
      square(8, channels, channels, kernel: 3, pad: 1, groups: channels),
      square(7, channels, channels, kernel: 3, pad: 1, groups: channels),
      square(16, channels, channels, kernel: 3, stride: 2, pad: 1, groups: channels),
      square(9, channels, channels, kernel: 3, groups: channels),
    ]
    for (index, shape) in shapes.enumerated() {
      let run = ConvolutionCase(
        shape: shape, batch: 2, activation: .clip(min: 0, max: 6), residual: index % 2 == 0, gap: index % 3, threads: 2,
        atStart: index % 2 == 1)
      #expect(run.error(set, .depthwise) < Self.tolerance, "\(run)")
    }
  }

  /// Every count of taps and stride, groups of every size that shares a vector, one output and windows beyond the input.
  @Test(arguments: TestedKernels.here, [1, 2, 4, 8])
  func groupsWithinAVector(_ set: TestedKernels, inputs: Int) {
    for groups in [2, 3, 4, 5, 8, 9, 17] {
      for (size, kernel, stride) in [
        (1, 3, 1), (3, 5, 1), (4, 7, 1), (7, 3, 2), (9, 5, 2), (14, 7, 2), (15, 9, 1), (8, 1, 1), (9, 1, 2), (13, 6, 2),
      ] {
        let channels = inputs * groups
        let shape = square(size, channels, channels, kernel: kernel, stride: stride, pad: kernel / 2, groups: groups)
        guard ConvolutionChoice.channelwise.applies(to: shape, width: set.table.width) else { continue }
        let run = ConvolutionCase(
          shape: shape, batch: 2, activation: groups % 2 == 0 ? .hardSwish : .relu, residual: size % 2 == 0,
          gap: groups % 3, threads: 2, atStart: size % 2 == 1)
        #expect(run.error(set, .channelwise) < Self.tolerance, "\(run)")
      }
    }
  }

  /// Bands of rows, kernels taller than wide, dilated rows, more padding on one side than on the other.
  @Test(arguments: TestedKernels.here)
  func channelwiseGeometry(_ set: TestedKernels) {
    for channels in [16, 24, 40] {
      for groups in [channels, channels / 4, channels / 8] {
        for dilation in [1, 2] {
          let shape = ConvolutionShape(
            inHeight: 60, inWidth: 61, inChannels: channels, outChannels: channels, kernelHeight: 5, kernelWidth: 3,
            strideHeight: 2, dilationHeight: dilation, padTop: 3, padLeft: 2, padRight: 1, groups: groups)
          guard ConvolutionChoice.channelwise.applies(to: shape, width: set.table.width) else { continue }
          let run = ConvolutionCase(shape: shape, threads: 2)
          #expect(run.error(set, .channelwise) < Self.tolerance, "\(run)")
        }
      }
    }
  }

  static let activations: [Activation] = [
    .none, .relu, .clip(min: -0.5, max: 0.75), .sigmoid, .hardSigmoid(alpha: 0.2, beta: 0.5), .hardSwish,
    .leakyRelu(alpha: 0.1),
  ]

  @Test(arguments: TestedKernels.here, activations)
  func activationFollowsResidual(_ set: TestedKernels, _ activation: Activation) {
    for (choice, groups) in [(ConvolutionChoice.indirect, 1), (.winogradTwo, 1), (.winogradFour, 1), (.depthwise, 19)] {
      let run = ConvolutionCase(
        shape: square(6, 19, 19, kernel: 3, pad: 1, groups: groups), activation: activation, residual: true, gap: 1)
      #expect(run.error(set, choice) < Self.winogradTolerance)
    }
  }

  /// The layers of a real network, large enough for several blocks and panels, on several threads.
  @Test(arguments: TestedKernels.here)
  func severalBlocks(_ set: TestedKernels) {
    let shapes = [
      square(30, 40, 70, kernel: 3, pad: 1), square(56, 24, 40, kernel: 1), square(7, 200, 150, kernel: 3, pad: 1),
    ]
    for shape in shapes {
      for choice in ConvolutionChoice.float32 where choice.applies(to: shape, width: set.table.width) {
        let run = ConvolutionCase(shape: shape, batch: 2, residual: true, threads: 3)
        #expect(run.error(set, choice) < Self.winogradTolerance, "\(choice) \(shape)")
      }
    }
  }
}
