// Element-wise addition and multiplication of 8-bit tensors.

internal import Elements
internal import Kernels

/// The sum or product of two tensors of bytes; a product's second operand may have one number per channel and item,
/// (n, channels, 1, 1).
struct QuantizedArithmetic: Computation {
  /// `.add` or `.multiply`
  let kind: Arithmetic.Kind
  let a: ByteQuantization
  let b: ByteQuantization
  let output: QuantizedRange
  /// Whether the second operand has one number per channel and item.
  let scalesChannels: Bool

  /// Whether the kernels take the scales.
  var hasNormalMultipliers: Bool {
    let scale = output.quantization.scale
    return kind == .add
      ? (a.scale / scale).isNormal && (b.scale / scale).isNormal : ((a.scale * b.scale) / scale).isNormal
  }

  var name: String { "QLinear" + kind.rawValue }
  var layoutRule: LayoutRule { scalesChannels ? .channelsLast : .either }
  var worksInPlace: Bool { true }
  var runsInIntegers: Bool { true }
  func multiplyAdds(_ inputs: [Shape], _ outputs: [Shape]) -> Int { outputs[0].count }

  func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (left, right, target) = (context.inputs[0], context.inputs[1], context.outputs[0])
    let (a, b, output, scalesChannels) = (a, b, output, scalesChannels)
    if kind == .add {
      return Kernel { run in
        checked {
          unsafe try addBytes(
            count: left.count * run.items(left), run.read(left, as: UInt8.self), a, run.read(right, as: UInt8.self), b,
            run.write(target, as: UInt8.self), to: output, pool: run.pool)
        }
      }
    }
    let channels = left.channels
    let rows = left.count / channels
    return Kernel { run in
      let (x, y) = unsafe (run.read(left, as: UInt8.self), run.read(right, as: UInt8.self))
      let result = unsafe run.write(target, as: UInt8.self)
      guard scalesChannels else {
        return checked {
          unsafe try multiplyBytes(count: left.count * run.items(left), x, a, y, b, result, to: output, pool: run.pool)
        }
      }
      for item in 0..<run.items(left) {
        checked {
          unsafe try multiplyBytes(
            rows: rows, count: channels, x + item * left.count, a, y + item * right.count, b, bIsShared: true,
            result + item * target.count, to: output, pool: run.pool)
        }
      }
    }
  }
}

/// Runs a kernel whose scales were checked when it was compiled.
func checked(_ body: () throws -> Void) {
  do { try body() } catch { preconditionFailure("scales were checked at load: \(error)") }
}
