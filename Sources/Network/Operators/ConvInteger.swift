// Shape inference of the integer convolution, resolved to `IntegerSums`.

internal import Elements
internal import Kernels

/// ConvInteger: the int32 sums of a convolution of bytes with constant 8-bit weights.
/// Operands: x, weights, x's zero point, which may be computed at run time, and the weights' zero points.
package struct ConvInteger: Operator {
  let window: Window
  let groups: Int

  package init(window: Window, groups: Int) throws(GraphError) {
    guard groups >= 1 else { throw .attribute("group") }
    self.window = window
    self.groups = groups
  }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    let factors = try IntegerFactors(operands, outputAxis: 0)
    let shape = try Conv.shape(
      of: window, groups: groups, over: factors.shape, weights: factors.weights.integers)
    let convolution = QuantizedConvolution(
      window: window, groups: groups, weights: factors.weights, bias: nil, input: factors.input, output: .sums)
    let sums = IntegerSums(product: .convolution(convolution), subtractsZeroPoint: factors.zeroPointIsComputed)
    return .computed(sums, reads: factors.reads, results: [TensorType(.int32, shape)])
  }
}
