// Shape inference of a convolution with constant weights; it resolves to the computation `Convolution`.

internal import Elements

/// Conv over height and width. Operands: x (n, channels, height, width), weights (outputs, channels / groups, kernel
/// height, kernel width) and bias (outputs), the last two constants.
package struct Conv: Operator {
  let window: Window
  let groups: Int

  package init(window: Window, groups: Int) throws(GraphError) {
    guard groups >= 1 else { throw .attribute("group") }
    self.window = window
    self.groups = groups
  }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 3)
    let input = try operands.activation(0)
    let weights = try operands.constant(1)
    let bias = try operands.optionalConstant(2)
    guard weights.type.isFloating else { throw .elementType(weights.type) }
    let shape = try Conv.shape(of: window, groups: groups, over: input, weights: weights)
    if let bias, bias.dimensions != [weights.dimensions[0]] { throw .shapes([try weights.shape, try bias.shape]) }
    let convolution = Convolution(window: window, groups: groups, weights: weights, bias: try bias?.floats)
    return operands.computed(convolution, reads: [0], shapes: [shape])
  }

  /// The shape of the result for an input of shape `input`.
  static func shape(
    of window: Window, groups: Int, over input: Shape, weights: Tensor
  ) throws(GraphError) -> Shape {
    guard input.rank == 4 else { throw .rank(input.rank) }
    guard weights.dimensions.count == 4, weights.count > 0 else { throw .shapes([input, try weights.shape]) }
    let outputs = weights.dimensions[0]
    guard weights.dimensions[1].multipliedReportingOverflow(by: groups) == (input.dimensions[1], false),
      outputs % groups == 0
    else { throw .shapes([input, try weights.shape]) }
    let kernel = Window.Size(weights.dimensions[2], weights.dimensions[3])
    if let declared = window.kernel, declared != kernel { throw .attribute("kernel_shape") }
    guard max(kernel.height, kernel.width) <= Window.limit else { throw .overflow }
    let size = try window.placed(over: .init(input.dimensions[2], input.dimensions[3]), kernel: kernel).output
    return try input.with([input.dimensions[0], outputs, size.height, size.width])
  }
}
