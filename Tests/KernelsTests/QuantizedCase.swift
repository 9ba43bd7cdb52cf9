// One quantized convolution run through guarded buffers, and whether it equals its plain twin.

import Testing

@testable import Kernels

struct QuantizedCase {
  enum Output: CaseIterable { case bytes, added, floats, sums }

  var shape: ConvolutionShape
  var batch = 1
  var output = Output.bytes
  var isSigned = false
  var weightsAreSigned = true
  /// Whether weights have zero points that move some beyond −128…127.
  var weightsAreFarFromZero = false
  /// The algorithm; nil for the one that the shape gets.
  var choice: QuantizedConvolutionChoice? = nil
  /// The byte of the input that stands for 0, counted from 0 to 255.
  var inputZero: Int32 = 117
  /// Whether all bytes of the input are the largest or smallest, and all weights of an output channel too.
  var isExtreme = false
  /// The name of the algorithm that is expected.
  var algorithm: String? = nil
  var bias = true
  /// Bytes between the pixels of input, residual and output that belong to none.
  var gap = 0
  var threads = 1
  var atStart = false
  var inPlace = false

  private var quantization: ByteQuantization {
    ByteQuantization(scale: 0.05, zeroPoint: isSigned ? inputZero - 128 : inputZero, isSigned: isSigned)
  }

  /// The number of elements that differ from the plain twin's.
  func differences(_ set: CPUFeatures) throws -> Int {
    var noise = Noise(shape.hashValue)
    let pool = ThreadPool(threads: threads)
    let taps = shape.kernelHeight * shape.kernelWidth
    let pixels = batch * shape.outHeight * shape.outWidth
    var input = noise.bytes(batch * shape.inHeight * shape.inWidth * shape.inChannels)
    var weightBytes = noise.bytes(shape.outChannels * shape.groupInputs * taps)
    if isExtreme {
      input = input.map { $0 < 128 ? 0 : 255 }
      weightBytes = weightBytes.indices.map { [0x80, 0x7F, 0x81][$0 / (shape.groupInputs * taps) % 3] }
    }
    let bias = bias ? (0..<shape.outChannels).map { _ in Int32(noise.next() * 20000) } : nil
    let residual = noise.bytes(pixels * shape.outChannels)
    let centre: Int32 = weightsAreSigned ? 0 : 128
    let zeroPoints = (0..<shape.outChannels).map { weightsAreFarFromZero ? centre + Int32($0 % 5) * 17 - 40 : centre }
    let scales = (0..<shape.outChannels).map { 0.002 + Float($0 % 7) * 0.0003 }
    let product = QuantizedRange(ByteQuantization(scale: 0.7, zeroPoint: isSigned ? 5 : 121, isSigned: isSigned))
    let other = ByteQuantization(scale: 0.31, zeroPoint: isSigned ? -128 : 9, isSigned: isSigned)
    let sum = QuantizedRange(
      ByteQuantization(scale: 0.8, zeroPoint: isSigned ? -7 : 100, isSigned: isSigned), low: 0, high: 60)
    let described: QuantizedOutput =
      switch output {
      case .bytes: .bytes(product)
      case .added: .added(product: product, residual: other, sum: sum)
      case .floats: .floats(low: -3, high: .infinity)
      case .sums: .sums
      }

    let values = weightBytes.enumerated().map { index, byte in
      (weightsAreSigned ? Int32(Int8(bitPattern: byte)) : Int32(byte))
        - zeroPoints[index / (shape.groupInputs * taps)]
    }
    let sums = plainSums(
      shape, batch: batch, input: input.map { value($0, quantization) }, weights: values, bias: bias)

    let packed = GuardedBytes(weightBytes, atStart: atStart)
    let convolution = try (bias ?? []).withUnsafeBufferPointer { biases in
      let layer = try QuantizedLayer(
        shape: shape, input: quantization,
        weights: QuantizedWeights(
          start: packed.start, isSigned: weightsAreSigned, outputStep: shape.groupInputs * taps, inputStep: taps,
          scales: scales, zeroPoints: zeroPoints),
        bias: bias == nil ? nil : biases.baseAddress, output: described, kernels: set.byteKernels)
      return QuantizedConvolution(
        layer, maxBatch: batch, output: described, choice: choice ?? .best(for: layer), pool: pool)
    }
    if let algorithm { #expect(convolution.algorithm == algorithm, "\(self)") }
    let size = described.elementBytes
    let wide = shape.outChannels + gap
    let from = GuardedBytes(spread(input, shape.inChannels), atStart: atStart)
    let kept = GuardedBytes(spread(residual, shape.outChannels), atStart: atStart)
    let written = GuardedBytes(
      [UInt8](repeating: Self.untouched, count: ((pixels - 1) * wide + shape.outChannels) * size), atStart: atStart)
    let to = inPlace ? kept : written
    let scratch = GuardedBytes([UInt64](repeating: 0xAAAA_AAAA_AAAA_AAAA, count: (convolution.scratchBytes + 7) / 8))
    convolution.run(
      batch: batch, input: from.start, inputStride: shape.inChannels + gap, output: to.start, outputStride: wide,
      residual: output == .added ? UnsafeRawPointer(kept.start) : nil, residualStride: wide,
      scratch: scratch.start, pool: pool)

    var differences = 0
    let result = UnsafeRawPointer(to.start)
    for index in 0..<pixels * shape.outChannels {
      let channel = index % shape.outChannels
      let at = index / shape.outChannels * wide + channel
      let scaled = Float(sums[index])
      let isSame: Bool
      switch output {
      case .bytes, .added:
        let multiplier = (quantization.scale * scales[channel]) / product.quantization.scale
        var byte = plainByte(scaled * multiplier, product)
        if output == .added { byte = plainSum(byte, product.quantization, residual[index], other, sum) }
        isSame = result.load(fromByteOffset: at, as: UInt8.self) == byte
      case .floats:
        let real = max(-3, scaled * (quantization.scale * scales[channel]))
        isSame = result.loadUnaligned(fromByteOffset: 4 * at, as: Float.self) == real
      case .sums: isSame = result.loadUnaligned(fromByteOffset: 4 * at, as: Int32.self) == sums[index]
      }
      if !isSame { differences += 1 }
    }
    for pixel in 0..<max(0, pixels - 1) {
      for byte in (pixel * wide + shape.outChannels) * size..<(pixel + 1) * wide * size
      where to.start[byte] != Self.untouched { Issue.record("wrote between pixels") }
    }
    return differences
  }

  private static let untouched: UInt8 = 0x5A

  private func spread(_ values: [UInt8], _ channels: Int) -> [UInt8] {
    guard gap > 0 else { return values }
    var result: [UInt8] = []
    for pixel in stride(from: 0, to: values.count, by: channels) {
      if pixel > 0 { result += [UInt8](repeating: Self.untouched, count: gap) }
      result += values[pixel..<pixel + channels]
    }
    return result
  }
}
