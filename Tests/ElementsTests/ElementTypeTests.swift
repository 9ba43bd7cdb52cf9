// Encoding of each element type: range limits, float16 and bfloat16 rounding.

import Testing

@testable import Elements

struct ElementTypeTests {
  @Test(
    arguments: [
      (ElementType.int8, -128, [0x80]), (.uint8, 255, [0xFF]), (.int16, -2, [0xFE, 0xFF]),
      (.uint16, 0x1234, [0x34, 0x12]),
      (.int32, -1, [0xFF, 0xFF, 0xFF, 0xFF]), (.uint32, 0xFFFF_FFFF, [0xFF, 0xFF, 0xFF, 0xFF]), (.bool, 1, [1]),
      (.int64, .min, [0, 0, 0, 0, 0, 0, 0, 0x80]), (.uint64, .max, [255, 255, 255, 255, 255, 255, 255, 127]),
    ] as [(ElementType, Int, [UInt8])])
  func integers(type: ElementType, value: Int, bytes: [UInt8]) {
    #expect(type.bytes(of: value) == bytes)
    #expect(type.byteCount == bytes.count)
    // Behind one byte, so that nothing relies on alignment.
    ([0] + bytes).withUnsafeBytes { #expect(type.integer(at: 0, of: $0.baseAddress! + 1) == value) }
  }

  @Test func aLargeUnsignedIntegerIsClamped() {
    [UInt64.max].withUnsafeBytes { #expect(ElementType.uint64.integer(at: 0, of: $0.baseAddress!) == .max) }
  }

  @Test(arguments: [ElementType.float32, .float16, .bfloat16, .float64], [0, -1.5, 0x1p-14, .infinity] as [Float])
  func floats(type: ElementType, value: Float) {
    let bytes = [7] + type.bytes(of: value)
    #expect(bytes.count == 1 + type.byteCount && type.isFloating && type.stored == .float32)
    bytes.withUnsafeBytes { #expect(type.float(at: 0, of: $0.baseAddress! + 1) == value) }
  }
}

struct HalfPrecisionTests {
  @Test func everyHalfSurvives() {
    for bits in UInt16.min...UInt16.max {
      let value = HalfPrecision.float(bits)
      if value.isNaN { continue }
      #expect(HalfPrecision.bits(value) == bits)
    }
  }

  @Test(
    arguments: [
      (Float(1), UInt16(0x3C00)), (65504, 0x7BFF), (65519, 0x7BFF), (65520, 0x7C00), (0x1p-24, 1), (0x1p-25, 0),
      (0x1.8p-24, 2), (1 + 0x1p-11, 0x3C00), (1 + 0x3p-11, 0x3C02), (-0.0, 0x8000),
    ] as [(Float, UInt16)])
  func rounding(value: Float, bits: UInt16) { #expect(HalfPrecision.bits(value) == bits) }
}

struct BrainFloatTests {
  @Test func everyNumberSurvives() {
    for bits in UInt16.min...UInt16.max {
      let value = BrainFloat.float(bits)
      if value.isNaN {
        #expect(BrainFloat.float(BrainFloat.bits(value)).isNaN)
      } else {
        #expect(BrainFloat.bits(value) == bits)
      }
    }
  }

  @Test(
    arguments: [
      (1 + 0x1p-8, 0x3F80), (1 + 0x3p-8, 0x3F82), (1 + 0x1.1p-8, 0x3F81), (.greatestFiniteMagnitude, 0x7F80),
      (-.greatestFiniteMagnitude, 0xFF80), (Float(bitPattern: 0x7F80_0001), 0x7FC0),
    ] as [(Float, UInt16)])
  func rounding(value: Float, bits: UInt16) { #expect(BrainFloat.bits(value) == bits) }
}
