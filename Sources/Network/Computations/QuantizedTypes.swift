// Adapters from this module's quantized tensors and errors to those of `Kernels`.

internal import Elements
internal import Kernels
internal import POSIX

extension Quantization {
  /// In the kernels' terms, if it is one scale for a tensor of bytes.
  var bytes: ByteQuantization? {
    guard axis == nil, element == .int8 || element == .uint8 else { return nil }
    return ByteQuantization(scale: scales[0], zeroPoint: Int32(zeroPoints[0]), isSigned: element == .int8)
  }
}

extension GraphError {
  /// What the kernels refuse.
  init(_ error: QuantizationError) {
    switch error {
    case .multiplier(let multiplier, let scales):
      self = .unsupported("a product of scales \(scales) that makes \(multiplier)")
    }
  }
}

/// `body` with the kernels' error as the graph's.
func quantized<Result>(_ body: () throws(QuantizationError) -> Result) throws(GraphError) -> Result {
  try mapError({ GraphError($0) }, of: body)
}

/// 8-bit weights as a model holds them.
struct ByteWeights: Sendable {
  let integers: Tensor
  /// One scale, or one per output.
  let quantization: Quantization

  /// `body` with the weights in the kernels' terms: element (o, c, tap) is at o · outputStep + c · inputStep + tap.
  func with<Result>(
    outputStep: Int, inputStep: Int, _ body: (QuantizedWeights) throws(GraphError) -> Result
  ) throws(GraphError) -> Result {
    let storage = try integers.stored
    defer { withExtendedLifetime(storage) {} }
    return unsafe try body(
      QuantizedWeights(
        start: storage.address, isSigned: quantization.element == .int8, outputStep: outputStep, inputStep: inputStep,
        scales: quantization.scales, zeroPoints: quantization.zeroPoints.map { Int32($0) }))
  }
}
