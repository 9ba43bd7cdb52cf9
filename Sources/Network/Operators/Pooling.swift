// Max and average pooling with a window: shape inference and kernels.

internal import Kernels

/// MaxPool and AveragePool over height and width. Operand and result: (n, channels, height, width).
public struct Pooling: Operator, Computation {
  public enum Kind: Sendable, Equatable {
    case maximum
    /// Over the elements inside the input or, where padding counts, inside the padded input.
    case average(countsPadding: Bool)
  }

  public let kind: Kind
  public let window: Window
  /// `ceil_mode`
  public let roundsUp: Bool

  public init(_ kind: Kind, window: Window, roundsUp: Bool) {
    self.kind = kind
    self.window = window
    self.roundsUp = roundsUp
  }

  public var name: String { kind == .maximum ? "MaxPool" : "AveragePool" }

  public func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 1)
    let input = try operands.activation(0)
    guard input.rank == 4 else { throw .rank(input.rank) }
    let placed = try placed(input)
    // A window that lay in the padding alone would have no answer.
    guard max(placed.top, placed.bottom) < placed.kernel.height * placed.dilations.height,
      max(placed.left, placed.right) < placed.kernel.width * placed.dilations.width
    else { throw .attribute("pads") }
    let dimensions = [input.dimensions[0], input.dimensions[1], placed.output.height, placed.output.width]
    return operands.computed(self, reads: [0], shapes: [try input.with(dimensions)])
  }

  private func placed(_ input: Shape) throws(GraphError) -> Window.Placed {
    guard let kernel = window.kernel else { throw .attribute("kernel_shape") }
    return try window.placed(
      over: .init(input.dimensions[2], input.dimensions[3]), kernel: kernel, roundUp: roundsUp)
  }

  public var layoutRule: LayoutRule { .channelsLast }
  public var takesSlices: Bool { true }

  public func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let input = context.inputShapes[0]
    let placed = try placed(input)
    let shape = PoolingShape(
      channels: input.dimensions[1], inHeight: input.dimensions[2], inWidth: input.dimensions[3],
      outHeight: placed.output.height, outWidth: placed.output.width, kernelHeight: placed.kernel.height,
      kernelWidth: placed.kernel.width, strideHeight: placed.strides.height, strideWidth: placed.strides.width,
      dilationHeight: placed.dilations.height, dilationWidth: placed.dilations.width, padTop: placed.top,
      padLeft: placed.left, padBottom: placed.bottom, padRight: placed.right)
    let (source, target, images) = (context.inputs[0], context.outputs[0], input.dimensions[0])
    switch kind {
    case .maximum:
      return Kernel { run in
        unsafe maxPool(
          shape, batch: images * run.items(source), input: run.read(source), inputStride: source.stride,
          output: run.write(target), outputStride: target.stride, pool: run.pool)
      }
    case .average(let countsPadding):
      return Kernel { run in
        unsafe averagePool(
          shape, countIncludePad: countsPadding, batch: images * run.items(source), input: run.read(source),
          inputStride: source.stride, output: run.write(target), outputStride: target.stride, pool: run.pool)
      }
    }
  }
}
