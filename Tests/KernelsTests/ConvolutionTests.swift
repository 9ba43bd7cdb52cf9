// Every convolution algorithm against its plain twin.

import Testing

@testable import Kernels

@Suite struct ConvolutionTests {
  static let shapes: [ConvolutionShape] = [
    .init(inHeight: 5, inWidth: 7, inChannels: 3, outChannels: 5, kernelHeight: 1, kernelWidth: 1),
    .init(
      inHeight: 9, inWidth: 8, inChannels: 16, outChannels: 33, kernelHeight: 1, kernelWidth: 1, strideHeight: 2,
      strideWidth: 2),
    .init(
      inHeight: 9, inWidth: 8, inChannels: 7, outChannels: 17, kernelHeight: 3, kernelWidth: 3, padTop: 1, padLeft: 1,
      padBottom: 1, padRight: 1),
    .init(
      inHeight: 15, inWidth: 17, inChannels: 3, outChannels: 8, kernelHeight: 7, kernelWidth: 7, strideHeight: 2,
      strideWidth: 2, padTop: 3, padLeft: 3, padBottom: 3, padRight: 3),
    .init(
      inHeight: 9, inWidth: 9, inChannels: 8, outChannels: 12, kernelHeight: 3, kernelWidth: 3, padTop: 1, padLeft: 1,
      padBottom: 1, padRight: 1, groups: 4),
    .init(
      inHeight: 9, inWidth: 9, inChannels: 9, outChannels: 9, kernelHeight: 3, kernelWidth: 3, strideHeight: 2,
      strideWidth: 2, padTop: 1, padLeft: 1, padBottom: 1, padRight: 1, groups: 9),
    .init(
      inHeight: 12, inWidth: 11, inChannels: 4, outChannels: 6, kernelHeight: 3, kernelWidth: 2, dilationHeight: 2,
      dilationWidth: 3, padTop: 2, padLeft: 0, padBottom: 1, padRight: 3),
  ]

  @Test(arguments: shapes, [1, 3])
  func agreesWithItsPlainTwin(_ shape: ConvolutionShape, batch: Int) {
    var noise = Noise(7)
    let input = noise.array(batch * shape.inHeight * shape.inWidth * shape.inChannels)
    let weights = noise.array(
      shape.outChannels * shape.groupInputs * shape.kernelHeight * shape.kernelWidth)
    let bias = noise.array(shape.outChannels)
    let outputs = batch * shape.outHeight * shape.outWidth * shape.outChannels
    let residual = noise.array(outputs)
    let pool = ThreadPool(threads: 2)
    let convolution = Convolution(
      shape: shape, maxBatch: batch, weights: weights, bias: bias, activation: .relu, residual: true, pool: pool)
    var scratch = [Float](repeating: .nan, count: convolution.scratchFloats)
    var output = [Float](repeating: .nan, count: outputs)
    convolution.run(
      batch: batch, input: input, inputStride: shape.inChannels, output: &output, outputStride: shape.outChannels,
      residual: residual, residualStride: shape.outChannels, scratch: &scratch, pool: pool)
    let expected = plainConvolution(
      shape, batch: batch, input: input, weights: weights, bias: bias, residual: residual, activation: .relu)
    #expect(zip(output, expected).allSatisfy { abs($0 - $1) < 1e-4 })
  }
}
