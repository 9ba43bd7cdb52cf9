// The plain twin of every convolution: the definition, summed in double precision.

@testable import Kernels

/// activation(conv(input) + bias + residual) over contiguous NHWC, weights OIHW.
func plainConvolution(
  _ shape: ConvolutionShape, batch: Int, input: [Float], weights: [Float], bias: [Float]?, residual: [Float]?,
  activation: Activation
) -> [Float] {
  var output: [Float] = []
  output.reserveCapacity(batch * shape.outHeight * shape.outWidth * shape.outChannels)
  let depth = shape.groupInputs * shape.kernelHeight * shape.kernelWidth
  for image in 0..<batch {
    for y in 0..<shape.outHeight {
      for x in 0..<shape.outWidth {
        for channel in 0..<shape.outChannels {
          let firstInput = channel / shape.groupOutputs * shape.groupInputs
          var sum = Double(bias?[channel] ?? 0)
          for ky in 0..<shape.kernelHeight {
            for kx in 0..<shape.kernelWidth {
              let row = y * shape.strideHeight - shape.padTop + ky * shape.dilationHeight
              let column = x * shape.strideWidth - shape.padLeft + kx * shape.dilationWidth
              guard row >= 0, row < shape.inHeight, column >= 0, column < shape.inWidth else { continue }
              let pixel = ((image * shape.inHeight + row) * shape.inWidth + column) * shape.inChannels + firstInput
              let weight = channel * depth + ky * shape.kernelWidth + kx
              for i in 0..<shape.groupInputs {
                sum += Double(input[pixel + i]) * Double(weights[weight + i * shape.kernelHeight * shape.kernelWidth])
              }
            }
          }
          output.append(activation(Float(sum) + (residual?[output.count] ?? 0)))
        }
      }
    }
  }
  return output
}

/// A reproducible sequence of floats in −1…1.
struct Noise {
  private var state: UInt64
  init(_ seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 | 1 }
  mutating func next() -> Float {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Float(Int32(truncatingIfNeeded: state >> 20)) / 2_147_483_648
  }
  mutating func array(_ count: Int) -> [Float] { (0..<count).map { _ in next() } }
}
