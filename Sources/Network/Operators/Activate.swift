// ONNX activations with a vectorized kernel, including the bounds of Clip given as operands.

internal import Elements
internal import Kernels

/// A vectorized function applied to every element, which may be part of the computation before it: Relu, Clip, Sigmoid,
/// HardSigmoid, HardSwish, LeakyRelu, Swish, Tanh, Erf, Gelu.
/// Operands: x, and for Clip since opset 11 the bounds, each a constant of one element.
package struct Activate: Operator, Computation {
  package let name: String
  let function: Activation

  private init(_ name: String, _ function: Activation) {
    self.name = name
    self.function = function
  }

  package static var relu: Activate { Activate("Relu", .relu) }
  package static var sigmoid: Activate { Activate("Sigmoid", .sigmoid) }
  package static var hardSwish: Activate { Activate("HardSwish", .hardSwish) }
  /// The bounds, unless operands state them.
  package static func clip(from low: Float, to high: Float) -> Activate { Activate("Clip", .clip(min: low, max: high)) }
  /// clip(alpha·x + beta, 0, 1)
  package static func hardSigmoid(alpha: Float, beta: Float) -> Activate {
    Activate("HardSigmoid", .hardSigmoid(alpha: alpha, beta: beta))
  }
  package static var tanh: Activate { Activate("Tanh", .tanh) }
  package static var erf: Activate { Activate("Erf", .erf) }
  package static var gelu: Activate { Activate("Gelu", .gelu) }
  /// The approximation by a hyperbolic tangent.
  package static var tanhGelu: Activate { Activate("Gelu", .tanhGelu) }
  /// x / (1 + e^(−alpha·x))
  package static func swish(alpha: Float) -> Activate { Activate("Swish", .swish(alpha: alpha)) }
  /// x below 0: alpha·x
  package static func leakyRelu(alpha: Float) -> Activate { Activate("LeakyRelu", .leakyRelu(alpha: alpha)) }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 3)
    var resolved = function
    if case .clip(var low, var high) = function {
      low = try operands.optionalConstant(1)?.scalar() ?? low
      high = try operands.optionalConstant(2)?.scalar() ?? high
      // With the bounds the wrong way round everything becomes the upper one.
      resolved = .clip(min: min(low, high), max: high)
    } else {
      try operands.require(atMost: 1)
    }
    let operand = try operands.operand(0)
    guard operand.type.isFloating else { throw .elementType(operand.type) }
    if operand.shape.count == 0 { return .operand(0) }
    return operands.computed(Activate(name, resolved), reads: [0], shapes: [try operands.activation(0)])
  }

  package var layoutRule: LayoutRule { .either }
  package var takesSlices: Bool { true }
  package var worksInPlace: Bool { true }

  package func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, target, function) = (context.inputs[0], context.outputs[0], function)
    if source.stride == source.channels && target.stride == target.channels {
      return Kernel { run in
        unsafe activate(
          function, count: source.count * run.items(source), run.read(source), run.write(target),
          pool: run.pool)
      }
    }
    let channels = source.channels
    return Kernel { run in
      let (input, output) = unsafe (run.read(source), run.write(target))
      rowsInRuns(source.count / channels * run.items(source), width: channels, pool: run.pool) { rows in
        for row in rows {
          unsafe activate(
            function, count: channels, input + row * source.stride, output + row * target.stride,
            pool: callingThread)
        }
      }
    }
  }
}
