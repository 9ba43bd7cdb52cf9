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

/// A tensor of bytes whose channels, dimension 1, have scales of their own and one zero point.
struct ChannelBytes {
  /// Its scale is 1: a byte stands for so many times its channel's scale.
  let quantization: ByteQuantization
  /// (channels)
  let scales: [Float]

  /// nil where `quantization` is not such a one.
  init?(_ quantization: Quantization) {
    guard quantization.axis == 1, quantization.element == .int8 || quantization.element == .uint8,
      let zeroPoint = quantization.zeroPoints.first, quantization.zeroPoints.allSatisfy({ $0 == zeroPoint })
    else { return nil }
    self.quantization = ByteQuantization(
      scale: 1, zeroPoint: Int32(zeroPoint), isSigned: quantization.element == .int8)
    scales = quantization.scales
  }

  /// The bytes that stand for low…high; nil where they are not the same ones in every channel.
  func range(low: Float, high: Float) -> QuantizedRange? {
    let ranges = scales.map { scale in
      var channel = quantization
      channel.scale = scale
      return QuantizedRange(channel, low: low, high: high)
    }
    guard let first = ranges.first, ranges.allSatisfy({ $0.low == first.low && $0.high == first.high }) else {
      return nil
    }
    var range = QuantizedRange(quantization)
    (range.low, range.high) = (first.low, first.high)
    return range
  }
}

extension Quantization {
  /// Of weights: their scales times `factor` and, where the input's channels have scales of their own, times that of the channel which
  /// each output reads. nil where a scale is not positive and finite.
  func scaled(by factor: Float, _ channels: [Float]?, axis outputAxis: Int, outputs: Int) -> Quantization? {
    guard let channels else {
      return Quantization(
        element: element, scales: scales.map { $0 * factor }, zeroPoints: zeroPoints, axis: axis)
    }
    guard outputs % channels.count == 0 else { return nil }
    let perChannel = outputs / channels.count
    return Quantization(
      element: element, scales: (0..<outputs).map { channels[$0 / perChannel] * (scales.at($0) * factor) },
      zeroPoints: (0..<outputs).map { zeroPoints[zeroPoints.count == 1 ? 0 : $0] }, axis: outputAxis)
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
