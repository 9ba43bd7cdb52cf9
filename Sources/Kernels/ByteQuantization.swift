// What a byte of a quantized tensor stands for, and how real numbers become bytes.

internal import KernelTemplates

/// A tensor of bytes: real = scale · (byte − zeroPoint).
public struct ByteQuantization: Hashable, Sendable {
  /// Finite and positive.
  public var scale: Float
  /// 0…255, or −128…127 where `isSigned`.
  public var zeroPoint: Int32
  /// Whether bytes are in two's complement (int8) or not (uint8). Products read uint8 as it lies; int8 is copied first.
  public var isSigned: Bool

  public init(scale: Float, zeroPoint: Int32, isSigned: Bool) {
    self.scale = scale
    self.zeroPoint = zeroPoint
    self.isSigned = isSigned
  }

  /// The bytes there are, as numbers.
  public var bounds: ClosedRange<Int32> { isSigned ? -128...127 : 0...255 }
  /// Added to a byte's number to count from 0 to 255.
  var offset: Int32 { isSigned ? 128 : 0 }
  /// The pattern that stands for 0, counted from 0 to 255.
  var unsignedZero: UInt8 { UInt8(truncatingIfNeeded: zeroPoint + offset) }
  /// In the terms of the templates.
  var input: ByteInput { ByteInput(flip: isSigned ? 128 : 0, zero: Float(zeroPoint + offset)) }

  /// Copies bytes as numbers of 0…255 less `offset`.
  func copyUnsigned(count: Int, from: UnsafePointer<UInt8>, to: UnsafeMutablePointer<UInt8>) {
    if isSigned {
      for index in 0..<count { to[index] = from[index] ^ 128 }
    } else {
      to.update(from: from, count: count)
    }
  }

  /// The number of the byte nearest to `real`, ties to even.
  public func number(_ real: Float) -> Int32 {
    let value = real / scale
    let low = Float(bounds.lowerBound - zeroPoint)
    let high = Float(bounds.upperBound - zeroPoint)
    let held = value > low ? min(value, high) : low
    return Int32(held.rounded(.toNearestOrEven)) + zeroPoint
  }
}

/// A tensor of bytes that is written: its quantization, and an interval of real numbers its values are held to (an activation).
public struct QuantizedRange: Hashable, Sendable {
  public var quantization: ByteQuantization
  /// The smallest and largest byte that is written, as numbers.
  public var low: Int32
  public var high: Int32

  /// - Parameters:
  ///   - low: the smallest real number, −∞ for none.
  ///   - high: the largest, +∞ for none.
  public init(_ quantization: ByteQuantization, low: Float = -.infinity, high: Float = .infinity) {
    self.quantization = quantization
    self.low = quantization.number(low)
    self.high = quantization.number(high)
  }

  /// In the terms of the templates.
  var range: ByteRange {
    let zero = quantization.zeroPoint
    return ByteRange(low: Float(low - zero), high: Float(high - zero), zero: zero)
  }
}

/// Why a quantized operation cannot be computed.
public enum QuantizationError: Error, Equatable {
  /// A factor from sums to results that is not finite and positive, being made of `scales`.
  case multiplier(Float, scales: [Float])
}

/// (input · weight) / output: multiplied first, each operation rounded to float32.
///
/// - Throws: `QuantizationError.multiplier` unless the result is finite and positive.
public func requantizationMultiplier(
  input: Float, weight: Float = 1, output: Float
) throws(QuantizationError) -> Float {
  let multiplier = (input * weight) / output
  guard multiplier > 0, multiplier < .infinity else {
    throw .multiplier(multiplier, scales: [input, weight, output])
  }
  return multiplier
}
