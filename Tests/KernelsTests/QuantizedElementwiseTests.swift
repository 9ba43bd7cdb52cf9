// Operations over bytes against their definitions, through guard pages, on every instruction set here: equal bytes.

import Testing

@testable import Kernels

@Suite struct QuantizedElementwiseTests {
  static let counts = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 20000]
  static let first = ByteQuantization(scale: 0.013, zeroPoint: 3, isSigned: false)
  static let second = ByteQuantization(scale: 0.4, zeroPoint: -77, isSigned: true)
  static let results = [
    QuantizedRange(ByteQuantization(scale: 0.05, zeroPoint: 101, isSigned: false)),
    QuantizedRange(ByteQuantization(scale: 0.3, zeroPoint: -128, isSigned: true), low: 0, high: 6),
  ]

  @Test(arguments: instructionSets, counts)
  func quantizeAndBack(_ set: CPUFeatures, count: Int) {
    var noise = Noise(count)
    let special: [Float] = [.nan, .infinity, -.infinity, 0, -0.0, 0.025, 0.075, -0.025, 1e30, 6.375, 6.4]
    let reals = (0..<count).map { (index: Int) -> Float in
      index % 3 == 0 ? special[index / 3 % special.count] : noise.next() * 10
    }
    let input = GuardedBuffer(reals)
    let pool = ThreadPool(threads: 2)
    for range in Self.results {
      let bytes = GuardedBytes([UInt8](repeating: 0, count: count), atStart: count % 2 == 0)
      quantize(count: count, input.start, bytes.start, to: range, pool: pool, instructionSet: set)
      #expect(bytes.values == reals.map { plainByte($0 / range.quantization.scale, range) })
      let back = GuardedBuffer(count: count)
      dequantize(count: count, bytes.start, from: range.quantization, back.start, pool: pool, instructionSet: set)
      let expected = bytes.values.map { Float(value($0, range.quantization)) * range.quantization.scale }
      #expect(back.values == expected)
    }
  }

  @Test(arguments: instructionSets, counts)
  func sumsProductsAndOtherScales(_ set: CPUFeatures, count: Int) throws {
    var noise = Noise(count)
    let (x, y) = (noise.bytes(count), noise.bytes(count))
    let (a, b) = (GuardedBytes(x), GuardedBytes(y, atStart: true))
    let pool = ThreadPool(threads: 2)
    let output = GuardedBytes([UInt8](repeating: 0, count: count), atStart: count % 2 == 1)
    for range in Self.results {
      let scale = range.quantization.scale
      try addBytes(
        count: count, a.start, Self.first, b.start, Self.second, output.start, to: range, pool: pool,
        instructionSet: set)
      #expect(output.values == zip(x, y).map { plainSum($0, Self.first, $1, Self.second, range) })
      try multiplyBytes(
        count: count, a.start, Self.first, b.start, Self.second, output.start, to: range, pool: pool,
        instructionSet: set)
      let multiplier = (Self.first.scale * Self.second.scale) / scale
      let products = zip(x, y).map { Float(value($0, Self.first) * value($1, Self.second)) * multiplier }
      #expect(output.values == products.map { plainByte($0, range) })
      try requantize(
        count: count, b.start, from: Self.second, output.start, to: range, pool: pool, instructionSet: set)
      #expect(output.values == y.map { plainByte(Float(value($0, Self.second)) * (Self.second.scale / scale), range) })
    }
  }

  @Test(arguments: instructionSets)
  func oneRowMultipliesAll(_ set: CPUFeatures) throws {
    var noise = Noise(1)
    let (rows, count) = (37, 19)
    let (x, y) = (noise.bytes(rows * count), noise.bytes(count))
    let (a, b) = (GuardedBytes(x), GuardedBytes(y))
    let output = GuardedBytes([UInt8](repeating: 0, count: rows * count))
    let range = Self.results[0]
    try multiplyBytes(
      rows: rows, count: count, a.start, Self.first, b.start, Self.second, bIsShared: true, output.start, to: range,
      pool: ThreadPool(threads: 2), instructionSet: set)
    let multiplier = (Self.first.scale * Self.second.scale) / range.quantization.scale
    let expected = x.enumerated().map { index, byte in
      plainByte(Float(value(byte, Self.first) * value(y[index % count], Self.second)) * multiplier, range)
    }
    #expect(output.values == expected)
  }

  @Test func tablesHoldAFunctionOfEveryByte() {
    let table = byteTable(from: Self.second, to: Self.results[0]) { max($0, 0.1 * $0) }
    let bytes = (0...255).map { UInt8($0) }
    let expected = bytes.map { (byte: UInt8) -> UInt8 in
      let real = Float(value(byte, Self.second)) * Self.second.scale
      return plainByte(max(real, 0.1 * real) / Self.results[0].quantization.scale, Self.results[0])
    }
    #expect(table == expected)
    let (input, output) = (GuardedBytes(bytes), GuardedBytes([UInt8](repeating: 0, count: 256)))
    applyTable(count: 256, input.start, table, output.start, pool: ThreadPool(threads: 1))
    #expect(output.values == expected)
  }

  @Test(arguments: instructionSets, PoolingTests.channels)
  func pooling(_ set: CPUFeatures, channels: Int) throws {
    var noise = Noise(channels)
    let pool = ThreadPool(threads: 2)
    for (index, shape) in PoolingTests.shapes(channels).enumerated() {
      for (from, range) in zip([Self.first, Self.second], Self.results) {
        let bytes = noise.bytes(2 * shape.inHeight * shape.inWidth * channels)
        let input = GuardedBytes(bytes, atStart: index % 2 == 0)
        let output = GuardedBytes(
          [UInt8](repeating: 0, count: 2 * shape.outHeight * shape.outWidth * channels), atStart: index % 2 == 0)
        let windows = PoolingTests.windows(shape, bytes.map { Float(value($0, from)) }, batch: 2)
        maxPoolBytes(
          shape, batch: 2, isSigned: from.isSigned, input: input.start, inputStride: channels, output: output.start,
          outputStride: channels, pool: pool, instructionSet: set)
        #expect(output.values.map { Float(value($0, from)) } == windows.map { $0.max()! })
        try averagePoolBytes(
          shape, countIncludePad: false, batch: 2, from: from, input: input.start, inputStride: channels, to: range,
          output: output.start, outputStride: channels, pool: pool, instructionSet: set)
        let means = windows.map { window in
          plainByte(
            window.reduce(0, +) * (from.scale / (range.quantization.scale * Float(window.count))), range)
        }
        #expect(output.values == means)
      }
    }
  }
}
