// Times the convolutions of ResNet-50 v1 and MobileNet v2 in int8 compared with float32, layer by layer: kernelbench [THREADS]
//
// CLASSIFY_ISA chooses the instruction set. Weights are normal, scaled so that the largest of each channel is 127, as quantizers leave them.

import Glibc
import Kernels

@main struct KernelBench {
  static func main() {
    let threads = CommandLine.arguments.count > 1 ? Int(CommandLine.arguments[1]) ?? 1 : 1
    let pool = ThreadPool(threads: threads)
    print("\(CPUFeatures.current), \(threads) threads; multiply-adds in 10⁶, times in µs")
    for (network, layers) in [("ResNet-50 v1", resNet50), ("MobileNet v2", mobileNetV2)] {
      var total = (float: 0.0, bytes: 0.0, operations: 0.0)
      for layer in layers {
        let bytes = timeBytes(layer.shape, pool)
        let float = timeFloats(layer.shape, pool)
        let operations = 2 * Double(layer.shape.multiplyAdds)
        total.float += float * Double(layer.count)
        total.bytes += bytes * Double(layer.count)
        total.operations += operations * Double(layer.count)
        report("\(layer.count) × \(layer.name)", operations, float, bytes)
      }
      report(network, total.operations, total.float, total.bytes)
    }
  }

  private static func report(_ name: String, _ operations: Double, _ float: Double, _ bytes: Double) {
    func column(_ value: Double) -> String {
      let text = "\(Int(value.rounded()))"
      return String(repeating: " ", count: max(1, 9 - text.count)) + text
    }
    let padding = String(repeating: " ", count: max(1, 34 - name.count))
    print(
      name + padding + column(operations / 2e6) + column(float * 1e6) + " float32" + column(bytes * 1e6) + " int8"
        + column(operations / bytes / 1e9) + " GOPS" + column(100 * bytes / float) + " %")
  }
}

/// Seconds: the least of several runs.
private func least(_ body: () -> Void) -> Double {
  body()
  var best = Double.infinity
  var spent = 0.0
  for run in 0..<50 where run < 4 || spent < 0.06 {
    let began = seconds()
    body()
    let time = seconds() - began
    best = min(best, time)
    spent += time
  }
  return best
}

private func seconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

private func timeFloats(_ shape: ConvolutionShape, _ pool: ThreadPool) -> Double {
  var random = Random()
  let weights = (0..<shape.weights).map { _ in Float(random.normal()) }
  let bias = [Float](repeating: 0.1, count: shape.outChannels)
  let convolution = Convolution(
    shape: shape, maxBatch: 1, weights: weights, bias: bias, activation: .relu, residual: false, pool: pool)
  let input = aligned(of: Float.self, (0..<shape.inputs).map { _ in Float(random.normal()) })
  let output = aligned(of: Float.self, [Float](repeating: 0, count: shape.outputs))
  let scratch = aligned(of: Float.self, [Float](repeating: 0, count: convolution.scratchFloats))
  defer { for buffer in [input, output, scratch] { buffer.deallocate() } }
  return least {
    convolution.run(
      batch: 1, input: input, inputStride: shape.inChannels, output: output, outputStride: shape.outChannels,
      scratch: scratch, pool: pool)
  }
}

private func timeBytes(_ shape: ConvolutionShape, _ pool: ThreadPool) -> Double {
  var random = Random()
  let perChannel = shape.weights / shape.outChannels
  var weights: [Int8] = []
  for _ in 0..<shape.outChannels {
    let channel = (0..<perChannel).map { _ in random.normal() }
    let scale = 127 / max(1e-9, channel.map(abs).max() ?? 1)
    weights += channel.map { Int8(($0 * scale).rounded(.toNearestOrEven)) }
  }
  let bias = [Int32](repeating: 100, count: shape.outChannels)
  let input = aligned(of: UInt8.self, (0..<shape.inputs).map { _ in random.byte() })
  let output = aligned(of: UInt8.self, [UInt8](repeating: 0, count: shape.outputs))
  let convolution = weights.withUnsafeBytes { bytes in
    try! QuantizedConvolution(
      shape: shape, maxBatch: 1, input: ByteQuantization(scale: 0.02, zeroPoint: 0, isSigned: false),
      weights: QuantizedWeights(
        start: bytes.baseAddress!, isSigned: true, outputStep: perChannel,
        inputStep: shape.kernelHeight * shape.kernelWidth, scales: [0.01], zeroPoints: [0]),
      bias: bias, output: .bytes(QuantizedRange(ByteQuantization(scale: 0.05, zeroPoint: 0, isSigned: false))),
      pool: pool)
  }
  let scratch = aligned(of: UInt8.self, [UInt8](repeating: 0, count: convolution.scratchBytes))
  defer { for buffer in [input, output, scratch] { buffer.deallocate() } }
  return least {
    convolution.run(
      batch: 1, input: input, inputStride: shape.inChannels, output: output, outputStride: shape.outChannels,
      scratch: scratch, pool: pool)
  }
}

private func aligned<Element>(of: Element.Type, _ values: [Element]) -> UnsafeMutablePointer<Element> {
  let raw = UnsafeMutableRawPointer.allocate(
    byteCount: max(64, values.count * MemoryLayout<Element>.stride), alignment: 64)
  let start = raw.bindMemory(to: Element.self, capacity: max(1, values.count))
  start.initialize(from: values, count: values.count)
  return start
}

private struct Random {
  private var state: UInt64 = 44
  mutating func byte() -> UInt8 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return UInt8(state >> 56)
  }
  /// Sum of six uniforms less three.
  mutating func normal() -> Double { (0..<6).reduce(-3.0) { sum, _ in sum + (Double(byte()) + 0.5) / 256 } }
}
