// Average pooling of 8-bit tensors.

internal import Elements
internal import Kernels

/// The mean of each window of a tensor of bytes, summed in int32; a global pooling is one window.
struct QuantizedPooling: Computation {
  enum Kind: Sendable {
    case windows(Pooling, countsPadding: Bool)
    /// Over all pixels.
    case global
  }

  let kind: Kind
  let input: ByteQuantization
  let output: QuantizedRange

  var name: String {
    if case .global = kind { "QLinearGlobalAveragePool" } else { "QLinearAveragePool" }
  }
  var layoutRule: LayoutRule { .channelsLast }
  var takesSlices: Bool { true }
  var runsInIntegers: Bool { true }

  func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, target) = (context.inputs[0], context.outputs[0])
    let dimensions = context.inputShapes[0].dimensions
    let (shape, countsPadding): (PoolingShape, Bool)
    switch kind {
    case .windows(let pooling, let counts): (shape, countsPadding) = (try pooling.shape(context.inputShapes[0]), counts)
    case .global:
      shape = PoolingShape(
        channels: dimensions[1], inHeight: 1, inWidth: dimensions[2] * dimensions[3], outHeight: 1, outWidth: 1,
        kernelHeight: 1, kernelWidth: dimensions[2] * dimensions[3])
      countsPadding = false
    }
    let (images, input, output) = (dimensions[0], input, output)
    try quantized { () throws(QuantizationError) in
      _ = try requantizationMultiplier(
        input: input.scale,
        output: output.quantization.scale * Float(shape.kernelHeight * shape.kernelWidth))
    }
    return Kernel { run in
      checked {
        unsafe try averagePoolBytes(
          shape, countIncludePad: countsPadding, batch: images * run.items(source), from: input,
          input: run.read(source, as: UInt8.self), inputStride: source.stride, to: output,
          output: run.write(target, as: UInt8.self), outputStride: target.stride, pool: run.pool)
      }
    }
  }
}
