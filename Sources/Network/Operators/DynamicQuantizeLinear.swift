// Quantization with a scale that is computed from the tensor at run time.

internal import Elements
internal import Kernels

/// DynamicQuantizeLinear: x in uint8 with the scale and zero point that its own range, widened to hold 0, gives it.
/// The range is that of the whole tensor, so images must run one at a time. Results: y, scale, zero point.
package struct DynamicQuantizeLinear: Operator, Computation {
  package let name = "DynamicQuantizeLinear"

  package init() {}

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 1)
    let input = try operands.activation(0)
    if input.isBatched { throw .dynamicShape }
    let scalar = try Shape([])
    return .computed(
      self, reads: [0],
      results: [TensorType(.uint8, input), TensorType(.float32, scalar), TensorType(.uint8, scalar)])
  }

  package var layoutRule: LayoutRule { .rowMajor }

  package func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let source = context.inputs[0]
    let (target, scaleTarget, zeroTarget) = (context.outputs[0], context.outputs[1], context.outputs[2])
    return Kernel { run in
      let input = unsafe run.read(source)
      var (low, high): (Float, Float) = (0, 0)
      for index in 0..<source.count {
        low = min(low, unsafe input[index])
        high = max(high, unsafe input[index])
      }
      let range = QuantizedRange(Self.quantization(low, high))
      unsafe run.write(scaleTarget).pointee = range.quantization.scale
      unsafe run.write(zeroTarget, as: UInt8.self).pointee = UInt8(range.quantization.zeroPoint)
      unsafe quantize(count: source.count, input, run.write(target, as: UInt8.self), to: range, pool: run.pool)
    }
  }

  /// As onnxruntime computes it: (high − low) / 255, or 1 where that is not a positive finite number; the zero point
  /// nearest to −low / scale.
  private static func quantization(_ low: Float, _ high: Float) -> ByteQuantization {
    let width = (high - low) / 255
    guard width > 0, width.isFinite else { return ByteQuantization(scale: 1, zeroPoint: 0, isSigned: false) }
    let zero = min(max(-low / width, 0), 255).rounded(.toNearestOrEven)
    return ByteQuantization(scale: width, zeroPoint: Int32(zero), isSigned: false)
  }
}
