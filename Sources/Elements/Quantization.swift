// Quantization parameters: scales and zero points, per tensor or per axis.

/// How 8-bit numbers stand for real ones: real = scale · (q − zeroPoint).
public struct Quantization: Sendable, Equatable {
  /// One scale, or one per position along `axis`; each positive and finite.
  public let scales: [Float]
  /// As many as `scales`, each a value of the quantized type.
  public let zeroPoints: [Int32]
  /// The dimension that has a scale per position; nil where one scale holds for the tensor.
  public let axis: Int?

  /// nil where the counts differ, none is given, or a scale is not positive and finite.
  public init?(scales: [Float], zeroPoints: [Int32], axis: Int?) {
    guard !scales.isEmpty, scales.count == zeroPoints.count, axis != nil || scales.count == 1,
      scales.allSatisfy({ $0 > 0 && $0.isFinite })
    else { return nil }
    self.scales = scales
    self.zeroPoints = zeroPoints
    self.axis = axis
  }
}
