// Normalization across channels (AlexNet: Krizhevsky et al., 2012, section 3.3).

internal import Kernels

/// LRN: x / (bias + alpha / size · Σ x²)^beta, the sum over `size` neighbouring channels.
package struct LocalResponseNormalization: Operator, Computation {
  package let name = "LRN"
  let size: Int
  let alpha: Float
  let beta: Float
  let bias: Float

  package init(size: Int, alpha: Float, beta: Float, bias: Float) throws(GraphError) {
    guard size >= 1, size <= Window.limit else { throw .attribute("size") }
    self.size = size
    self.alpha = alpha
    self.beta = beta
    self.bias = bias
  }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 1)
    let input = try operands.activation(0)
    guard input.rank == 4 else { throw .rank(input.rank) }
    return operands.computed(self, reads: [0], shapes: [input])
  }

  package var layoutRule: LayoutRule { .channelsLast }

  package func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, target) = (context.inputs[0], context.outputs[0])
    let (channels, size, alpha, beta, bias) = (source.channels, size, alpha, beta, bias)
    return Kernel { run in
      unsafe localResponseNormalization(
        pixels: source.count / channels * run.items(source), channels: channels, size: size, alpha: alpha,
        beta: beta, bias: bias, input: run.read(source), output: run.write(target), pool: run.pool)
    }
  }
}
