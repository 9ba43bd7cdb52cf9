// Pooling over all pixels of a channel, in channels-last layout.

internal import Kernels

/// GlobalAveragePool and GlobalMaxPool: (n, channels, height, width) to (n, channels, 1, 1), or to (n, channels)
/// where it stands for a ReduceMean without `keepdims`.
package struct GlobalPooling: Operator, Computation {
  package enum Kind: Sendable { case maximum, average }

  let kind: Kind
  let keepsDimensions: Bool

  package init(_ kind: Kind) { self.init(kind, keepsDimensions: true) }

  init(_ kind: Kind, keepsDimensions: Bool) {
    self.kind = kind
    self.keepsDimensions = keepsDimensions
  }

  package var name: String { kind == .maximum ? "GlobalMaxPool" : "GlobalAveragePool" }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 1)
    let input = try operands.activation(0)
    guard input.rank >= 3 else { throw .rank(input.rank) }
    if input.rank != 4 {
      return try Reduce(
        kind == .average ? .mean : .maximum, axes: Array(2..<input.rank), keepsDimensions: keepsDimensions,
        emptyMeansNone: false
      ).resolve(operands)
    }
    let dimensions = Array(input.dimensions.prefix(2)) + (keepsDimensions ? [1, 1] : [])
    return operands.computed(self, reads: [0], shapes: [try input.with(dimensions)])
  }

  package var layoutRule: LayoutRule { .channelsLast }
  package var takesSlices: Bool { true }

  package func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, target) = (context.inputs[0], context.outputs[0])
    let dimensions = context.inputShapes[0].dimensions
    let (images, channels, height, width) = (dimensions[0], dimensions[1], dimensions[2], dimensions[3])
    switch kind {
    case .average:
      return Kernel { run in
        unsafe globalAveragePool(
          channels: channels, pixels: height * width, batch: images * run.items(source), input: run.read(source),
          inputStride: source.stride, output: run.write(target), outputStride: target.stride, pool: run.pool)
      }
    case .maximum:
      let shape = PoolingShape(
        channels: channels, inHeight: height, inWidth: width, outHeight: 1, outWidth: 1, kernelHeight: height,
        kernelWidth: width)
      return Kernel { run in
        unsafe maxPool(
          shape, batch: images * run.items(source), input: run.read(source), inputStride: source.stride,
          output: run.write(target), outputStride: target.stride, pool: run.pool)
      }
    }
  }
}
