// A convolution and its depthwise successor computed together: the bytes of one after the other, through guard pages.

import KernelTemplates
import Testing

@testable import Kernels

@Suite struct ConvolutionPairTests {
  struct Case {
    var first: ConvolutionShape
    var kernel = 3
    var stride = 1
    var pad = 1
    var dilation = 1
    var activation = Activation.relu
    var batch = 1
    var threads = 1
    var gap = 0

    var pair: ConvolutionPairShape {
      let channels = first.outChannels
      return ConvolutionPairShape(
        first: first,
        second: ConvolutionShape(
          inHeight: first.outHeight, inWidth: first.outWidth, inChannels: channels, outChannels: channels,
          kernelHeight: kernel, kernelWidth: kernel, strideHeight: stride, strideWidth: stride,
          dilationHeight: dilation, padTop: pad, padLeft: pad, padBottom: pad, padRight: pad, groups: channels))
    }

    /// Whether the pair's output has the bytes of the two convolutions one after the other.
    func agrees(_ set: TestedKernels) -> Bool {
      let (one, two) = (pair.first, pair.second)
      var noise = Noise(one.hashValue)
      let input = GuardedBuffer(noise.array(batch * one.inHeight * one.inWidth * one.inChannels))
      let weights = GuardedBuffer(noise.array(one.outChannels * one.inChannels * one.kernelHeight * one.kernelWidth))
      let taps = GuardedBuffer(noise.array(two.outChannels * kernel * kernel))
      let scale = GuardedBuffer(noise.array(one.outChannels))
      let bias = GuardedBuffer(noise.array(one.outChannels))
      let pool = ThreadPool(threads: threads)
      let first = ConvolutionOperands(
        weights: weights.start, scale: UnsafePointer(scale.start), bias: UnsafePointer(bias.start),
        activation: activation)
      let second = ConvolutionOperands(
        weights: taps.start, scale: nil, bias: UnsafePointer(bias.start), activation: activation)

      func convolution(
        _ shape: ConvolutionShape, _ operands: ConvolutionOperands, _ choice: ConvolutionChoice
      ) -> Convolution {
        Convolution(
          shape: shape, maxBatch: batch, weights: operands.packed(shape), bias: operands.bias,
          activation: operands.activation, pool: pool, kernels: set.table, bfloat16: set.features.bfloat16Kernels,
          choice: choice)
      }
      let between = GuardedBuffer(count: batch * two.inHeight * two.inWidth * two.inChannels)
      let expected = GuardedBuffer(count: batch * two.outHeight * two.outWidth * two.outChannels)
      let separate = (convolution(one, first, .indirect), convolution(two, second, .channelwise))
      let scratch = GuardedBuffer(count: max(separate.0.scratchFloats, separate.1.scratchFloats))
      separate.0.run(
        batch: batch, input: input.start, inputStride: one.inChannels, output: between.start,
        outputStride: two.inChannels, scratch: scratch.start, pool: pool)
      separate.1.run(
        batch: batch, input: between.start, inputStride: two.inChannels, output: expected.start,
        outputStride: two.outChannels, scratch: scratch.start, pool: pool)

      let joined = ConvolutionPair(
        shape: pair, maxBatch: batch, first: first, second: second, pool: pool, kernels: set.table)
      let wide = two.outChannels + gap
      let pixels = batch * two.outHeight * two.outWidth
      let output = GuardedBuffer(count: pixels * wide - gap)
      let memory = GuardedBuffer(count: joined.scratchFloats)
      joined.run(
        batch: batch, input: input.start, inputStride: one.inChannels, output: output.start, outputStride: wide,
        scratch: memory.start, pool: pool)
      return (0..<pixels * wide - gap).allSatisfy { index in
        let (pixel, channel) = index.quotientAndRemainder(dividingBy: wide)
        if channel >= two.outChannels { return output.start[index].isNaN }
        return output.start[index].bitPattern == expected.start[pixel * two.outChannels + channel].bitPattern
      }
    }
  }

  @Test(arguments: TestedKernels.here, [1, 7, 8, 9, 15, 16, 17, 24, 32, 33, 40, 72])
  func channelsAroundEveryPart(_ set: TestedKernels, channels: Int) {
    for (size, stride) in [(1, 1), (3, 2), (4, 1), (9, 2), (13, 1)] {
      let first = ConvolutionShape(
        inHeight: size, inWidth: size + 2, inChannels: 5, outChannels: channels, kernelHeight: 1, kernelWidth: 1)
      let run = Case(
        first: first, stride: stride, activation: size % 2 == 0 ? .hardSwish : .relu, batch: 2, threads: size % 3 + 1,
        gap: size % 3)
      if run.pair.applies(width: set.table.width) { #expect(run.agrees(set), "\(run)") }
    }
  }

  /// Bands of rows, kernels larger than a band, dilated rows, windows beyond the input, first convolutions of every geometry.
  @Test(arguments: TestedKernels.here, [1, 3])
  func geometry(_ set: TestedKernels, threads: Int) {
    let firsts = [
      square(41, 3, 32, kernel: 3, stride: 2, pad: 1), square(30, 12, 48, kernel: 1),
      square(19, 9, 20, kernel: 3, pad: 1), square(25, 16, 160, kernel: 1, stride: 2),
    ]
    for first in firsts {
      for (kernel, pad, dilation) in [(3, 1, 1), (5, 2, 1), (7, 3, 1), (3, 0, 1), (3, 2, 2), (5, 4, 1)] {
        for stride in [1, 2] {
          let run = Case(
            first: first, kernel: kernel, stride: stride, pad: pad, dilation: dilation, threads: threads,
            gap: stride - 1)
          if run.pair.applies(width: set.table.width) { #expect(run.agrees(set), "\(run)") }
        }
      }
    }
  }

  /// What lies between is larger than what a task holds, so that parts go through their bands in groups.
  @Test(arguments: TestedKernels.here)
  func manyParts(_ set: TestedKernels) {
    let first = ConvolutionShape(
      inHeight: 12, inWidth: 300, inChannels: 4, outChannels: 300, kernelHeight: 1, kernelWidth: 1)
    for threads in [1, 2] {
      #expect(Case(first: first, kernel: 5, pad: 2, activation: .none, threads: threads).agrees(set))
    }
  }
}
