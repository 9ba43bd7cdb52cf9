// Max and average pooling with a window: shape inference and kernels.

internal import Elements
internal import Kernels

/// MaxPool and AveragePool over height and width; MaxPool of bytes too. Operand and result: (n, channels, height, width).
package struct Pooling: Operator, Computation {
  package enum Kind: Sendable, Equatable {
    case maximum
    /// Over the elements inside the input or, where padding counts, inside the padded input.
    case average(countsPadding: Bool)
  }

  let kind: Kind
  let window: Window
  /// `ceil_mode`
  let roundsUp: Bool

  package init(_ kind: Kind, window: Window, roundsUp: Bool) {
    self.kind = kind
    self.window = window
    self.roundsUp = roundsUp
  }

  package var name: String { kind == .maximum ? "MaxPool" : "AveragePool" }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 1)
    let type = try operands.operand(0).type
    let isBytes = kind == .maximum && (type == .int8 || type == .uint8)
    let input = isBytes ? try operands.elements(0) : try operands.activation(0)
    guard input.rank == 4 else { throw .rank(input.rank) }
    let placed = try placed(input)
    // A window without an element of the input would have no answer.
    guard placed.rows.holdsInput(ofLength: input.dimensions[2]),
      placed.columns.holdsInput(ofLength: input.dimensions[3])
    else { throw .attribute("pads") }
    let dimensions = [input.dimensions[0], input.dimensions[1], placed.output.height, placed.output.width]
    return operands.computed(self, reads: [0], shapes: [try input.with(dimensions)])
  }

  private func placed(_ input: Shape) throws(GraphError) -> Window.Placed {
    guard let kernel = window.kernel else { throw .attribute("kernel_shape") }
    return try window.placed(
      over: .init(input.dimensions[2], input.dimensions[3]), kernel: kernel, roundUp: roundsUp)
  }

  /// In the kernels' terms, over an input (n, channels, height, width).
  func shape(_ input: Shape) throws(GraphError) -> PoolingShape {
    let placed = try placed(input)
    let (rows, columns) = (placed.rows, placed.columns)
    return PoolingShape(
      channels: input.dimensions[1], inHeight: input.dimensions[2], inWidth: input.dimensions[3],
      outHeight: rows.output, outWidth: columns.output, kernelHeight: rows.kernel, kernelWidth: columns.kernel,
      strideHeight: rows.stride, strideWidth: columns.stride, dilationHeight: rows.dilation,
      dilationWidth: columns.dilation, padTop: rows.before, padLeft: columns.before, padBottom: rows.after,
      padRight: columns.after)
  }

  package var layoutRule: LayoutRule { .channelsLast }
  package var takesSlices: Bool { true }

  package func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let input = context.inputShapes[0]
    let shape = try shape(input)
    let (source, target, images) = (context.inputs[0], context.outputs[0], input.dimensions[0])
    switch kind {
    case .maximum where source.element != .float32:
      let isSigned = source.element == .int8
      return Kernel { run in
        unsafe maxPoolBytes(
          shape, batch: images * run.items(source), isSigned: isSigned, input: run.read(source, as: UInt8.self),
          inputStride: source.stride, output: run.write(target, as: UInt8.self), outputStride: target.stride,
          pool: run.pool)
      }
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
