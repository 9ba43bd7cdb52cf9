// Quantization parameters and the two conversions they define, per tensor or per axis.

/// How the integers of a quantized tensor stand for real numbers: real = scale · (q − zeroPoint).
package struct Quantization: Sendable, Equatable {
  /// The type of the integers.
  package let element: ElementType
  /// One scale, or one per position along `axis`; each positive and finite.
  package let scales: [Float]
  /// As many as `scales`, each a value of `element`.
  package let zeroPoints: [Int]
  /// The dimension that has a scale per position; nil where one scale holds for the tensor.
  package let axis: Int?

  /// nil where the counts differ, a scale is not positive and finite, or a zero point is not a value of `element`.
  package init?(element: ElementType, scales: [Float], zeroPoints: [Int], axis: Int?) {
    guard let range = element.integerRange, scales.count == zeroPoints.count, axis != nil || scales.count == 1,
      scales.allSatisfy({ $0 > 0 && $0.isFinite }), zeroPoints.allSatisfy(range.contains)
    else { return nil }
    self.element = element
    self.scales = scales
    self.zeroPoints = zeroPoints
    self.axis = axis
  }

  init?(element: ElementType, scale: Float, zeroPoint: Int) {
    self.init(element: element, scales: [scale], zeroPoints: [zeroPoint], axis: nil)
  }

  /// What `integer` stands for at `position` along the axis: one rounding to float32 for the product, exact before for
  /// 8-bit types.
  package func real(_ integer: Int, at position: Int = 0) -> Float {
    Float(integer - zeroPoints[position]) * scales[position]
  }

  /// The integer that stands for `value`: divided by the scale, held to the type's range, rounded to nearest, halves to
  /// even. NaN becomes the lowest.
  package func integer(_ value: Float, at position: Int = 0) -> Int {
    guard let range = element.integerRange else { preconditionFailure("quantized integers are integers") }
    let zero = zeroPoints[position]
    let quotient = value / scales[position]
    let (low, high) = (Float(range.lowerBound - zero), Float(range.upperBound - zero))
    let held = quotient > low ? (quotient < high ? quotient : high) : low
    return Int(held.rounded(.toNearestOrEven)) + zero
  }
}
