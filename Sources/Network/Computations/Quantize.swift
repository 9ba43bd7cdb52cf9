// Conversion between float32 and 8-bit tensors at run time, in both directions.

internal import Elements
internal import Kernels

/// Real numbers to 8-bit integers, as `Quantization.integer` defines it.
struct Quantize: Computation {
  let name = "QuantizeLinear"
  let quantization: Quantization

  init(_ quantization: Quantization) { self.quantization = quantization }

  var layoutRule: LayoutRule { quantization.axis == nil ? .either : .rowMajor }

  func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, target) = (context.inputs[0], context.outputs[0])
    if let bytes = quantization.bytes {
      return Kernel { run in
        unsafe quantize(
          count: source.count * run.items(source), run.read(source), run.write(target, as: UInt8.self),
          to: QuantizedRange(bytes), pool: run.pool)
      }
    }
    let runs = QuantizedRuns(quantization, source)
    return Kernel { run in
      let (input, output) = unsafe (run.read(source), run.write(target, as: UInt8.self))
      runs.forEach(items: run.items(source), pool: run.pool) { start, count, position in
        let (scale, zero) = (runs.scales[position], runs.zeroPoints[position])
        let (low, high) = (runs.low - Float(zero), runs.high - Float(zero))
        for index in start..<start + count {
          let quotient = unsafe input[index] / scale
          let held = quotient > low ? (quotient < high ? quotient : high) : low
          unsafe output[index] = UInt8(truncatingIfNeeded: nearestInteger(held) &+ zero)
        }
      }
    }
  }
}

/// 8-bit or int32 integers to real numbers, as `Quantization.real` defines it.
struct Dequantize: Computation {
  let name = "DequantizeLinear"
  let quantization: Quantization

  init(_ quantization: Quantization) { self.quantization = quantization }

  var layoutRule: LayoutRule { quantization.axis == nil ? .either : .rowMajor }

  func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    if let bytes = quantization.bytes {
      let (source, target) = (context.inputs[0], context.outputs[0])
      return Kernel { run in
        unsafe dequantize(
          count: source.count * run.items(source), run.read(source, as: UInt8.self), from: bytes, run.write(target),
          pool: run.pool)
      }
    }
    switch quantization.element {
    case .int8: return kernel(context, reading: Int8.self)
    case .uint8: return kernel(context, reading: UInt8.self)
    default: return kernel(context, reading: Int32.self)
    }
  }

  private func kernel<Integer: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ context: CompileContext, reading type: Integer.Type
  ) -> Kernel {
    let (source, target) = (context.inputs[0], context.outputs[0])
    let runs = QuantizedRuns(quantization, source)
    return Kernel { run in
      let (input, output) = unsafe (run.read(source, as: type), run.write(target))
      runs.forEach(items: run.items(source), pool: run.pool) { start, count, position in
        let (scale, zero) = (runs.scales[position], runs.zeroPoints[position])
        for index in start..<start + count {
          unsafe output[index] = Float(Int32(truncatingIfNeeded: input[index]) &- zero) * scale
        }
      }
    }
  }
}

/// `value` rounded to the nearest integer, halves to even; −2²² < value < 2²². The sum has no bits left for a fraction, so
/// the addition rounds as the processor always does.
@inline(__always)
private func nearestInteger(_ value: Float) -> Int32 {
  let shift: Float = 0x1.8p23
  return Int32(truncatingIfNeeded: (value + shift).bitPattern &- shift.bitPattern)
}

/// The runs of a tensor that one scale holds for.
private struct QuantizedRuns: Sendable {
  let scales: [Float]
  let zeroPoints: [Int32]
  /// The range of the integers.
  let low: Float
  let high: Float
  private let length: Int
  private let perItem: Int

  init(_ quantization: Quantization, _ view: BufferView) {
    scales = quantization.scales
    zeroPoints = quantization.zeroPoints.map { Int32($0) }
    let range = quantization.element.integerRange ?? 0...0
    (low, high) = (Float(range.lowerBound), Float(range.upperBound))
    length = axisStep(of: quantization.axis, in: view.dimensions).inner
    perItem = view.count / length
  }

  /// `body(first element, count, position along the axis)` for all elements of `items` items.
  func forEach(items: Int, pool: ThreadPool, _ body: (Int, Int, Int) -> Void) {
    let piece = 16384
    let pieces = (length + piece - 1) / piece
    rowsInRuns(perItem * items * pieces, width: min(length, piece), pool: pool) { range in
      for index in range {
        let (run, part) = index.quotientAndRemainder(dividingBy: pieces)
        let start = part * piece
        body(run * length + start, min(piece, length - start), run % scales.count)
      }
    }
  }
}
