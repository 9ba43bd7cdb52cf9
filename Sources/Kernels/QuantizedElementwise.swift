// Operations over contiguous runs of bytes. `output` may be an input of the same element type. Results are the same on every instruction set.

internal import KernelTemplates

/// ONNX's QuantizeLinear: the nearest byte to input[i] / scale, ties to even. NaN becomes the lowest byte.
public func quantize(
  count: Int, _ input: UnsafePointer<Float>, _ output: UnsafeMutableRawPointer, to range: QuantizedRange,
  pool: ThreadPool, instructionSet: CPUFeatures = .current
) {
  let kernels = instructionSet.byteKernels
  let to = output.assumingMemoryBound(to: UInt8.self)
  forEachRun(count, pool) { first, count in
    kernels.quantizeRun(count, input + first, range.quantization.scale, range.range, to + first)
  }
}

/// ONNX's DequantizeLinear: (byte − zero point) · scale.
public func dequantize(
  count: Int, _ input: UnsafeRawPointer, from quantization: ByteQuantization, _ output: UnsafeMutablePointer<Float>,
  pool: ThreadPool, instructionSet: CPUFeatures = .current
) {
  let kernels = instructionSet.byteKernels
  let from = input.assumingMemoryBound(to: UInt8.self)
  forEachRun(count, pool) { first, count in
    kernels.dequantizeRun(count, from + first, quantization.input, quantization.scale, output + first)
  }
}

/// The same real numbers in another quantization: (byte − zero point) · (scale / output scale), rounded to the nearest byte.
///
/// - Throws: `QuantizationError` where the scales make a multiplier that is not finite and positive; so do the functions below.
public func requantize(
  count: Int, _ input: UnsafeRawPointer, from quantization: ByteQuantization, _ output: UnsafeMutableRawPointer,
  to range: QuantizedRange, pool: ThreadPool, instructionSet: CPUFeatures = .current
) throws(QuantizationError) {
  let multiplier = try requantizationMultiplier(input: quantization.scale, output: range.quantization.scale)
  let kernels = instructionSet.byteKernels
  let from = input.assumingMemoryBound(to: UInt8.self)
  let to = output.assumingMemoryBound(to: UInt8.self)
  forEachRun(count, pool) { first, count in
    kernels.requantizeRun(count, from + first, quantization.input, multiplier, range.range, to + first)
  }
}

/// a + b: each value times its scale divided by the output's, both products and their sum rounded to float32, then to the nearest byte.
public func addBytes(
  count: Int, _ a: UnsafeRawPointer, _ aQuantization: ByteQuantization, _ b: UnsafeRawPointer,
  _ bQuantization: ByteQuantization, _ output: UnsafeMutableRawPointer, to range: QuantizedRange, pool: ThreadPool,
  instructionSet: CPUFeatures = .current
) throws(QuantizationError) {
  let scale = range.quantization.scale
  let aTerm = ByteTerm(
    form: aQuantization.input, multiplier: try requantizationMultiplier(input: aQuantization.scale, output: scale))
  let bTerm = ByteTerm(
    form: bQuantization.input, multiplier: try requantizationMultiplier(input: bQuantization.scale, output: scale))
  let kernels = instructionSet.byteKernels
  let (from, other) = (a.assumingMemoryBound(to: UInt8.self), b.assumingMemoryBound(to: UInt8.self))
  let to = output.assumingMemoryBound(to: UInt8.self)
  forEachRun(count, pool) { first, count in
    kernels.addRun(count, from + first, aTerm, other + first, bTerm, range.range, to + first)
  }
}

/// a · b: the exact product of both values times (a's scale · b's scale) / output scale, rounded to the nearest byte.
///
/// - Parameter rows: `a` and the output hold `rows` rows of `count` bytes, `b` as many, or one row for all where `bIsShared`.
public func multiplyBytes(
  rows: Int = 1, count: Int, _ a: UnsafeRawPointer, _ aQuantization: ByteQuantization, _ b: UnsafeRawPointer,
  _ bQuantization: ByteQuantization, bIsShared: Bool = false, _ output: UnsafeMutableRawPointer,
  to range: QuantizedRange, pool: ThreadPool, instructionSet: CPUFeatures = .current
) throws(QuantizationError) {
  let multiplier = try requantizationMultiplier(
    input: aQuantization.scale, weight: bQuantization.scale, output: range.quantization.scale)
  let kernels = instructionSet.byteKernels
  let (from, other) = (a.assumingMemoryBound(to: UInt8.self), b.assumingMemoryBound(to: UInt8.self))
  let to = output.assumingMemoryBound(to: UInt8.self)
  func run(_ a: Int, _ b: Int, _ count: Int) {
    kernels.multiplyRun(
      count, from + a, aQuantization.input, other + b, bQuantization.input, multiplier, range.range, to + a)
  }
  if bIsShared {
    let chunk = max(1, 16384 / max(1, count))
    pool.run(tasks: (rows + chunk - 1) / chunk) { task in
      for row in task * chunk..<min(rows, (task + 1) * chunk) { run(row * count, 0, count) }
    }
  } else {
    forEachRun(rows * count, pool) { first, count in run(first, first, count) }
  }
}

/// output[i] = table[input[i]], bytes taken as 0…255: any function of one byte.
///
/// - Parameter table: 256 bytes.
public func applyTable(
  count: Int, _ input: UnsafeRawPointer, _ table: UnsafePointer<UInt8>, _ output: UnsafeMutableRawPointer,
  pool: ThreadPool
) {
  let from = input.assumingMemoryBound(to: UInt8.self)
  let to = output.assumingMemoryBound(to: UInt8.self)
  forEachRun(count, pool) { first, count in
    for i in first..<first + count { to[i] = table[Int(from[i])] }
  }
}

/// The table of `function` from bytes of one quantization to another: (256) for `applyTable`. `function` takes and gives real numbers and
/// runs here, in scalar code, so that the table is the same on every instruction set.
public func byteTable(
  from input: ByteQuantization, to range: QuantizedRange, _ function: (Float) -> Float
) -> [UInt8] {
  (0...255).map { (pattern: Int) in
    let number = input.isSigned ? Int32(Int8(bitPattern: UInt8(pattern))) : Int32(pattern)
    let result = range.quantization.number(function(Float(number - input.zeroPoint) * input.scale))
    return UInt8(truncatingIfNeeded: min(max(result, range.low), range.high))
  }
}
