// The plain twins of the kernels over bytes: the definitions, element by element.

@testable import Kernels

/// The number a byte of `quantization` has.
func number(_ byte: UInt8, _ quantization: ByteQuantization) -> Int32 {
  quantization.isSigned ? Int32(Int8(bitPattern: byte)) : Int32(byte)
}

/// (byte − zero point) of a byte.
func value(_ byte: UInt8, _ quantization: ByteQuantization) -> Int32 {
  number(byte, quantization) - quantization.zeroPoint
}

/// The byte of a value in units of `range`'s scale: held, rounded to nearest even, moved by the zero point.
func plainByte(_ scaled: Float, _ range: QuantizedRange) -> UInt8 {
  let zero = range.quantization.zeroPoint
  let low = Float(range.low - zero)
  let high = Float(range.high - zero)
  let held = scaled < low || scaled.isNaN ? low : scaled > high ? high : scaled
  return UInt8(truncatingIfNeeded: Int32(held.rounded(.toNearestOrEven)) + zero)
}

/// a + b, as `addBytes` defines it.
func plainSum(
  _ a: UInt8, _ aQuantization: ByteQuantization, _ b: UInt8, _ bQuantization: ByteQuantization, _ range: QuantizedRange
) -> UInt8 {
  let scale = range.quantization.scale
  let x = Float(value(a, aQuantization)) * (aQuantization.scale / scale)
  let y = Float(value(b, bQuantization)) * (bQuantization.scale / scale)
  return plainByte(x + y, range)
}

/// The int32 sums of a convolution over contiguous NHWC, weights OIHW as values, in output order.
func plainSums(
  _ shape: ConvolutionShape, batch: Int, input: [Int32], weights: [Int32], bias: [Int32]?
) -> [Int32] {
  var output: [Int32] = []
  let taps = shape.kernelHeight * shape.kernelWidth
  let depth = shape.groupInputs * taps
  for image in 0..<batch {
    for y in 0..<shape.outHeight {
      for x in 0..<shape.outWidth {
        for channel in 0..<shape.outChannels {
          let firstInput = channel / shape.groupOutputs * shape.groupInputs
          var sum = bias?[channel] ?? 0
          for ky in 0..<shape.kernelHeight {
            for kx in 0..<shape.kernelWidth {
              let row = y * shape.strideHeight - shape.padTop + ky * shape.dilationHeight
              let column = x * shape.strideWidth - shape.padLeft + kx * shape.dilationWidth
              guard row >= 0, row < shape.inHeight, column >= 0, column < shape.inWidth else { continue }
              let pixel = ((image * shape.inHeight + row) * shape.inWidth + column) * shape.inChannels + firstInput
              let weight = channel * depth + ky * shape.kernelWidth + kx
              for i in 0..<shape.groupInputs { sum &+= input[pixel + i] &* weights[weight + i * taps] }
            }
          }
          output.append(sum)
        }
      }
    }
  }
  return output
}

extension Noise {
  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in byte() } }
  /// Any byte, the ends often: products of ends are what saturates.
  mutating func byte() -> UInt8 {
    let bits = next().bitPattern >> 3
    switch bits & 7 {
    case 0: return 0
    case 1: return 255
    case 2: return 128
    case 3: return 127
    default: return UInt8(truncatingIfNeeded: bits >> 4)
    }
  }
}
