// The least and the largest sum that an input of bytes can make with the weights of each output, and the integer bias that they allow.

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

  /// A bias in units of the sums, to the nearest, and held to what keeps every sum in int32; nil where that changes a result by an
  /// eighth of its step or more. Channels whose weights are all but zero have a bias at the end of int32, and a unit to which the
  /// difference is nothing. Without a bias there are none.
  ///
  /// - Parameters:
  ///   - units: what a sum of 1 stands for: one number, or one for each output.
  ///   - divisors: the step of the result, likewise.
  func integerBias(_ bias: [Float]?, units: [Float], divisors: [Float]) -> [Int32]?? {
    guard let bias else { return .some(nil) }
    let always = -0x1p30...0x1p30  // of products whose sums are within as much
    var ranges: [ClosedRange<Int>]?
    var integers: [Int32] = []
    for (index, value) in bias.enumerated() {
      let unit = Double(units.at(index))
      let quotient = (Double(value) / unit).rounded(.toNearestOrEven)
      guard quotient.isFinite else { return nil }
      if always.contains(quotient) {
        integers.append(Int32(quotient))
        continue
      }
      ranges = ranges ?? self.ranges
      guard let sum = ranges?[index] else { return nil }
      let low = Double(Int32.min) - Double(min(0, sum.lowerBound))
      let high = Double(Int32.max) - Double(max(0, sum.upperBound))
      let held = min(max(quotient, low), high)
      guard (quotient - held).magnitude * unit / Double(divisors.at(index)) < 0x1p-3 else { return nil }
      integers.append(Int32(held))
    }
    return integers
  }
}

extension [Float] {
  /// One number for all, or number `index`.
  func at(_ index: Int) -> Float { self[count == 1 ? 0 : index] }
}
