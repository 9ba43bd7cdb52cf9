// Pooling against the definition, through guard pages, at every vector edge.

import Testing

@testable import Kernels

@Suite struct PoolingTests {
  static let channels = [1, 2, 3, 7, 8, 9, 15, 16, 17, 33]
  static func shapes(_ channels: Int) -> [PoolingShape] {
    [
      PoolingShape(
        channels: channels, inHeight: 8, inWidth: 9, outHeight: 4, outWidth: 5, kernelHeight: 3, kernelWidth: 3,
        strideHeight: 2, strideWidth: 2, padTop: 1, padLeft: 1, padBottom: 1, padRight: 1),
      // ceil_mode: the last windows reach beyond the padding
      PoolingShape(
        channels: channels, inHeight: 7, inWidth: 8, outHeight: 4, outWidth: 4, kernelHeight: 3, kernelWidth: 2,
        strideHeight: 2, strideWidth: 2),
      PoolingShape(
        channels: channels, inHeight: 7, inWidth: 7, outHeight: 5, outWidth: 3, kernelHeight: 2, kernelWidth: 3,
        dilationHeight: 2, dilationWidth: 2),
      PoolingShape(
        channels: channels, inHeight: 1, inWidth: 49, outHeight: 1, outWidth: 1, kernelHeight: 1, kernelWidth: 49),
    ]
  }

  /// The elements of each window, in output order.
  static func windows(_ shape: PoolingShape, _ input: [Float], batch: Int) -> [[Float]] {
    var result: [[Float]] = []
    for image in 0..<batch {
      for y in 0..<shape.outHeight {
        for x in 0..<shape.outWidth {
          for channel in 0..<shape.channels {
            var window: [Float] = []
            for ky in 0..<shape.kernelHeight {
              for kx in 0..<shape.kernelWidth {
                let row = y * shape.strideHeight - shape.padTop + ky * shape.dilationHeight
                let column = x * shape.strideWidth - shape.padLeft + kx * shape.dilationWidth
                guard 0..<shape.inHeight ~= row, 0..<shape.inWidth ~= column else { continue }
                window.append(
                  input[((image * shape.inHeight + row) * shape.inWidth + column) * shape.channels + channel])
              }
            }
            result.append(window)
          }
        }
      }
    }
    return result
  }

  @Test(arguments: instructionSets, channels)
  func largestAndMean(_ set: CPUFeatures, channels: Int) {
    var noise = Noise(channels)
    let pool = ThreadPool(threads: 2)
    for (index, shape) in Self.shapes(channels).enumerated() {
      let batch = 2
      let values = noise.array(batch * shape.inHeight * shape.inWidth * channels)
      let input = GuardedBuffer(values, atStart: index % 2 == 0)
      let output = GuardedBuffer(count: batch * shape.outHeight * shape.outWidth * channels, atStart: index % 2 == 0)
      let windows = Self.windows(shape, values, batch: batch)
      maxPool(
        shape, batch: batch, input: input.start, inputStride: channels, output: output.start, outputStride: channels,
        pool: pool, instructionSet: set)
      #expect(output.values == windows.map { $0.max()! })
      averagePool(
        shape, countIncludePad: false, batch: batch, input: input.start, inputStride: channels, output: output.start,
        outputStride: channels, pool: pool, instructionSet: set)
      for (mean, window) in zip(output.values, windows) {
        #expect(abs(mean - window.reduce(0, +) / Float(window.count)) < 1e-6)
      }
    }
  }

  @Test(arguments: instructionSets)
  func paddingCountsWhereAsked(_ set: CPUFeatures) {
    let shape = PoolingShape(
      channels: 1, inHeight: 2, inWidth: 2, outHeight: 2, outWidth: 2, kernelHeight: 3, kernelWidth: 3,
      strideHeight: 2, strideWidth: 2, padTop: 1, padLeft: 1, padBottom: 1, padRight: 1)
    let input = GuardedBuffer([9, 18, 27, 36])
    let output = GuardedBuffer(count: 4)
    averagePool(
      shape, countIncludePad: true, batch: 1, input: input.start, inputStride: 1, output: output.start, outputStride: 1,
      pool: ThreadPool(threads: 1), instructionSet: set)
    // The last windows begin at 1 and end beyond the padding: two of their rows or columns count.
    #expect(output.values == [10, 9, 10.5, 9])
  }
}
