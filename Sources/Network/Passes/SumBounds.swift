// The least and the largest sum that an input of bytes can make with the weights of each output.

internal import Elements
internal import Kernels

struct SumBounds {
  let weights: Tensor
  let quantization: Quantization
  let outputAxis: Int
  let input: ByteQuantization

  /// (outputs): the sums of (byte − zero point) · (weight − zero point) over all inputs; nil where the weights cannot be read.
  var ranges: [ClosedRange<Int>]? {
    guard let numbers = try? weights.integers, weights.dimensions.count > outputAxis else { return nil }
    let outputs = weights.dimensions[outputAxis]
    let inner = weights.dimensions[(outputAxis + 1)...].reduce(1, *)
    var (positive, negative) = ([Int](repeating: 0, count: outputs), [Int](repeating: 0, count: outputs))
    for (index, number) in numbers.enumerated() {
      let output = index / inner % outputs
      let weight = number - Int(quantization.zeroPoints[quantization.zeroPoints.count == 1 ? 0 : output])
      positive[output] += max(0, weight)
      negative[output] += min(0, weight)
    }
    let low = Int(input.bounds.lowerBound - input.zeroPoint)
    let high = Int(input.bounds.upperBound - input.zeroPoint)
    return (0..<outputs).map { low * positive[$0] + high * negative[$0]...high * positive[$0] + low * negative[$0] }
  }
}
