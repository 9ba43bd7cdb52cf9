// A convolution and the depthwise convolution of its result, as one computation.

internal import Kernels

/// `second` of `first` of the operand, (n, channels, height, width); neither adds a residual.
struct ConvolutionPair: Computation {
  let name = "Conv"
  let first: Convolution
  let second: Convolution
  /// What the first one makes of the operand.
  let between: Shape

  var layoutRule: LayoutRule { .channelsLast }
  var takesSlices: Bool { true }
  var parameterCount: Int { first.parameterCount + second.parameterCount }

  func multiplyAdds(_ inputs: [Shape], _ outputs: [Shape]) -> Int {
    first.multiplyAdds(inputs, [between]) + second.multiplyAdds([between], outputs)
  }

  /// In the kernels' terms, over an operand of this shape.
  func shape(over input: Shape) throws(GraphError) -> ConvolutionPairShape {
    ConvolutionPairShape(
      first: try first.window.convolution(over: input, weights: first.weights.dimensions, groups: first.groups),
      second: try second.window.convolution(over: between, weights: second.weights.dimensions, groups: second.groups))
  }

  func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, target) = (context.inputs[0], context.outputs[0])
    let shape = try shape(over: context.inputShapes[0])
    let images = context.inputShapes[0].dimensions[0]
    let packed = try first.withOperands { first throws(GraphError) in
      try second.withOperands { second in
        Kernels.ConvolutionPair(
          shape: shape, maxBatch: images * context.largest(source), first: first, second: second, pool: context.pool)
      }
    }
    first.weights.discard()
    second.weights.discard()
    return Kernel(packed.algorithm, scratchBytes: 4 * packed.scratchFloats) { run in
      unsafe packed.run(
        batch: images * run.items(source), input: run.read(source), inputStride: source.stride,
        output: run.write(target), outputStride: target.stride,
        scratch: run.scratch.assumingMemoryBound(to: Float.self), pool: run.pool)
    }
  }
}

extension Convolution {
  /// `body` with weights, scale and bias in memory.
  fileprivate func withOperands<Result>(
    _ body: (ConvolutionOperands) throws(GraphError) -> Result
  ) throws(GraphError) -> Result {
    unsafe try weights.withFloats { weights throws(GraphError) in
      unsafe try withOptionalPointer(scale) { scale throws(GraphError) in
        unsafe try withOptionalPointer(bias) { bias throws(GraphError) in
          unsafe try body(
            ConvolutionOperands(weights: weights.baseAddress!, scale: scale, bias: bias, activation: activation))
        }
      }
    }
  }
}
