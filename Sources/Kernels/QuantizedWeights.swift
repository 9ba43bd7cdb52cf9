// Quantized weights as a model holds them.

/// Weights of bytes, read only while they are packed: element (o, c, tap) at o · outputStep + c · inputStep + tap, where `tap` counts
/// kernel positions row by row. Real weight = scale · (byte − zero point).
public struct QuantizedWeights {
  public var start: UnsafeRawPointer
  public var isSigned: Bool
  public var outputStep: Int
  public var inputStep: Int
  /// One, or one for each output channel.
  public var scales: [Float]
  /// One, or one for each output channel; −128…127 or 0…255.
  public var zeroPoints: [Int32]

  public init(
    start: UnsafeRawPointer, isSigned: Bool, outputStep: Int, inputStep: Int, scales: [Float], zeroPoints: [Int32]
  ) {
    self.start = start
    self.isSigned = isSigned
    self.outputStep = outputStep
    self.inputStep = inputStep
    self.scales = scales
    self.zeroPoints = zeroPoints
  }

  /// The byte less its zero point: −255…255.
  func value(_ output: Int, _ input: Int, _ tap: Int) -> Int32 {
    let at = output * outputStep + input * inputStep + tap
    let number =
      isSigned
      ? Int32(start.load(fromByteOffset: at, as: Int8.self)) : Int32(start.load(fromByteOffset: at, as: UInt8.self))
    return number - zeroPoint(output)
  }

  /// Calls `body` with the taps of one input channel and their values.
  @inline(__always) func forEachTap(_ output: Int, _ input: Int, taps: Int, _ body: (Int, Int32) -> Void) {
    let from = start + (output * outputStep + input * inputStep)
    let zero = zeroPoint(output)
    if isSigned {
      let bytes = from.assumingMemoryBound(to: Int8.self)
      for tap in 0..<taps { body(tap, Int32(bytes[tap]) &- zero) }
    } else {
      let bytes = from.assumingMemoryBound(to: UInt8.self)
      for tap in 0..<taps { body(tap, Int32(bytes[tap]) &- zero) }
    }
  }

  private func zeroPoint(_ output: Int) -> Int32 { zeroPoints[zeroPoints.count == 1 ? 0 : output] }

  /// Whether every byte less its zero point is in −128…127 for certain: signed about 0, or unsigned about 128.
  func fitsBytes(outputs: Int) -> Bool {
    let centre: Int32 = isSigned ? 0 : 128
    return zeroPoints.allSatisfy { $0 == centre }
  }
}
