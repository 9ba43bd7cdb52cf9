// What a quantized product writes, in the terms of its caller, and the multipliers that follow from it.

internal import KernelTemplates

/// What becomes of the sums of a quantized product.
///
/// Requantization is defined once, for every instruction set: Float(sum) · multiplier, each rounded to float32; held to the output's range;
/// rounded to the nearest integer, ties to even; then the zero point is added in integers.
public enum QuantizedOutput: Hashable, Sendable {
  /// Bytes.
  case bytes(QuantizedRange)
  /// Bytes, of which each has a residual added: `product` is what the product alone would have written as bytes, `residual` what is
  /// added to it, and `sum` what is written. The results are those of `bytes(product)` followed by `addBytes`.
  case added(product: QuantizedRange, residual: ByteQuantization, sum: QuantizedRange)
  /// Real numbers, Float(sum) · (input scale · weight scale), held to low…high.
  case floats(low: Float = -.infinity, high: Float = .infinity)
  /// The int32 sums. Scales are not used.
  case sums

  /// Bytes of an element: 1 or 4.
  public var elementBytes: Int {
    switch self {
    case .bytes, .added: 1
    case .floats, .sums: 4
    }
  }

  /// What the multipliers divide by.
  private var scale: Float {
    switch self {
    case .bytes(let range), .added(let range, _, _): range.quantization.scale
    case .floats, .sums: 1
    }
  }

  /// One multiplier for each of `count` channels; `weightScales` holds one scale or `count`. `outputScales` holds `count`, where
  /// the channels of the output have scales of their own.
  func multipliers(
    input: Float, weightScales: [Float], outputScales: [Float]? = nil, count: Int
  ) throws(QuantizationError) -> [Float] {
    if case .sums = self { return [Float](repeating: 1, count: count) }
    var multipliers: [Float] = []
    for channel in 0..<count {
      let weight = weightScales[weightScales.count == 1 ? 0 : channel]
      multipliers.append(
        try requantizationMultiplier(input: input, weight: weight, output: outputScales?[channel] ?? scale))
    }
    return multipliers
  }

  /// In the terms of the templates.
  func result() throws(QuantizationError) -> ByteResult {
    switch self {
    case .bytes(let range): return .bytes(range.range)
    case .added(let product, let residual, let sum):
      let output = sum.quantization.scale
      return .added(
        product.range,
        AddedBytes(
          scale: try requantizationMultiplier(input: product.quantization.scale, output: output),
          residual: residual.input,
          residualScale: try requantizationMultiplier(input: residual.scale, output: output), range: sum.range))
    case .floats(let low, let high): return .floats(low: low, high: high)
    case .sums: return .sums
    }
  }
}
