// One convolution run through guarded buffers, and how far it is from its plain twin.

import KernelTemplates
import Testing

@testable import Kernels

/// The sets of features this machine can run for which there are different kernels.
let instructionSets: [CPUFeatures] = {
  let sets: [CPUFeatures] = [
    [], [.avx2, .fma], [.avx2, .fma, .avx512], [.avx2, .fma, .avx512, .vnni], [.dotProduct],
    [.dotProduct, .int8MatrixMultiply],
  ]
  return sets.filter { CPUFeatures.detected.isSuperset(of: $0) }
}()

/// What convolutions are tested with: every instruction set this machine can run, and the templates as AVX-512 instantiates them.
enum TestedKernels: CaseIterable {
  case portable, avx2, avx512, sixteenLanes
  /// Products of bfloat16 by the processor's instructions, and by `PlainPairs`.
  case bf16, plainPairs

  /// Those that differ in float32.
  static let here = allCases.filter { !bfloat16.contains($0) || $0 == .portable }
    .filter { CPUFeatures.detected.isSuperset(of: $0.features) }
  /// Those that differ in bfloat16.
  static let bfloat16 = [portable, bf16, plainPairs].filter { CPUFeatures.detected.isSuperset(of: $0.features) }

  var features: CPUFeatures {
    switch self {
    case .portable, .sixteenLanes, .plainPairs: []
    case .avx2: [.avx2, .fma]
    case .avx512: [.avx2, .fma, .avx512]
    case .bf16: Self.bfloat16Features
    }
  }

  private static let bfloat16Features: CPUFeatures = {
    #if arch(arm64)
      [.bf16]
    #else
      [.avx2, .fma, .avx512, .bf16]
    #endif
  }()

  var table: KernelTable { self == .sixteenLanes ? sixteenLaneKernels : features.kernels }
  var bfloat16: BFloat16Kernels { self == .plainPairs ? plainPairKernels : features.bfloat16Kernels }
}

struct ConvolutionCase {
  var shape: ConvolutionShape
  var batch = 1
  var activation = Activation.none
  var residual = false
  var bias = true
  var scaled = false
  /// Floats between the pixels of input and output that belong to neither.
  var gap = 0
  var threads = 1
  var atStart = false

  /// The largest |difference| from the plain twin, in units of the largest sum of |products| an output has.
  func error(_ set: TestedKernels, _ choice: ConvolutionChoice?) -> Float {
    var noise = Noise(shape.hashValue)
    let input = noise.array(batch * shape.inHeight * shape.inWidth * shape.inChannels)
    let weights = noise.array(shape.outChannels * shape.groupInputs * shape.kernelHeight * shape.kernelWidth)
    let outputs = batch * shape.outHeight * shape.outWidth * shape.outChannels
    let bias = self.bias ? noise.array(shape.outChannels) : nil
    let residual = self.residual ? noise.array(outputs) : nil
    let perOutput = weights.count / shape.outChannels
    let scaledWeights = weights.enumerated().map { scaled ? $1 * Self.scale($0 / perOutput) : $1 }
    let rounds = choice == .bfloat16
    let expected = plainConvolution(
      shape, batch: batch, input: rounds ? input.map(bfloat16) : input,
      weights: rounds ? scaledWeights.map(bfloat16) : scaledWeights, bias: bias, residual: residual,
      activation: activation)
    let output = run(set, choice, input: input, weights: weights, bias: bias, residual: residual)
    let scale = Float(shape.groupInputs * shape.kernelHeight * shape.kernelWidth).squareRoot() + 1
    return zip(output, expected).reduce(0) { $1.0.isNaN ? .infinity : max($0, abs($1.0 - $1.1) / scale) }
  }

  private static func scale(_ output: Int) -> Float { 0.5 + Float(output % 7) / 14 }

  /// The output, without gaps.
  func run(
    _ set: TestedKernels, _ choice: ConvolutionChoice?, input: [Float], weights: [Float], bias: [Float]?,
    residual: [Float]?
  ) -> [Float] {
    let pool = ThreadPool(threads: threads)
    let kernelPositions = shape.kernelHeight * shape.kernelWidth
    let packed = GuardedBuffer(weights, atStart: atStart)
    let added = bias.map { GuardedBuffer($0, atStart: atStart) }
    let factors = scaled ? GuardedBuffer((0..<shape.outChannels).map(Self.scale)) : nil
    let convolution = Convolution(
      shape: shape, maxBatch: batch,
      weights: ConvolutionWeights(
        start: packed.start, outputStep: shape.groupInputs * kernelPositions, inputStep: kernelPositions,
        scale: factors.map { UnsafePointer($0.start) }),
      bias: added.map { UnsafePointer($0.start) }, activation: activation, pool: pool, kernels: set.table,
      bfloat16: set.bfloat16, choice: choice ?? .best(shape, width: set.table.width))
    let from = GuardedBuffer(spread(input, shape.inChannels), atStart: atStart)
    let kept = residual.map { GuardedBuffer(spread($0, shape.outChannels), atStart: atStart) }
    let pixels = batch * shape.outHeight * shape.outWidth
    let to = GuardedBuffer(
      spread([Float](repeating: .nan, count: pixels * shape.outChannels), shape.outChannels), atStart: atStart)
    let scratch = GuardedBuffer(count: convolution.scratchFloats, atStart: atStart)
    convolution.run(
      batch: batch, input: from.start, inputStride: shape.inChannels + gap, output: to.start,
      outputStride: shape.outChannels + gap, residual: kept.map { UnsafePointer($0.start) },
      residualStride: shape.outChannels + gap, scratch: scratch.start, pool: pool)
    let wide = shape.outChannels + gap
    for pixel in 0..<max(0, pixels - 1) {
      for index in shape.outChannels..<wide where to.start[pixel * wide + index] != Self.untouched {
        Issue.record("wrote between pixels")
      }
    }
    return (0..<pixels * shape.outChannels).map {
      to.start[$0 / shape.outChannels * wide + $0 % shape.outChannels]
    }
  }

  private static let untouched: Float = 12345

  /// The values with `gap` foreign floats between pixels, none after the last.
  private func spread(_ values: [Float], _ channels: Int) -> [Float] {
    guard gap > 0 else { return values }
    var result: [Float] = []
    for pixel in stride(from: 0, to: values.count, by: channels) {
      if pixel > 0 { result += [Float](repeating: Self.untouched, count: gap) }
      result += values[pixel..<pixel + channels]
    }
    return result
  }
}

/// The nearest bfloat16.
func bfloat16(_ value: Float) -> Float { Float(bitPattern: UInt32(bfloat16Bits(value)) << 16) }

/// A square convolution with `pad` on all sides.
func square(
  _ size: Int, _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, pad: Int = 0, dilation: Int = 1,
  groups: Int = 1
) -> ConvolutionShape {
  ConvolutionShape(
    inHeight: size, inWidth: size, inChannels: inputs, outChannels: outputs, kernelHeight: kernel, kernelWidth: kernel,
    strideHeight: stride, strideWidth: stride, dilationHeight: dilation, dilationWidth: dilation, padTop: pad,
    padLeft: pad, padBottom: pad, padRight: pad, groups: groups)
}
