// Element-wise functions computed with scalar code.

internal import Elements
internal import Glibc
internal import Kernels

/// A function of every element that has no vectorized form: Abs, Neg, Sign, Exp, Log, Sqrt, Reciprocal, Floor, Ceil, Round,
/// Sin, Cos, Softplus, Softsign, Elu, Celu, Selu, Mish, ThresholdedRelu, Shrink. Abs, Neg and Sign take integers too.
package struct UnaryFunction: Operator, Computation {
  package enum Kind: Sendable, Equatable {
    case absolute, negate, sign
    case exponential, logarithm, squareRoot, reciprocal
    case floor, ceiling
    /// Halves to even.
    case round
    case sine, cosine, tangent
    /// log(1 + e^x)
    case softplus
    /// x / (1 + |x|)
    case softsign
    /// x above 0: gamma · x; below: gamma · alpha · (e^(x/beta) − 1)
    case exponentialLinear(alpha: Float, beta: Float, gamma: Float)
    /// x · tanh(log(1 + e^x))
    case mish
    /// x above alpha, else 0
    case threshold(alpha: Float)
    /// x ± bias outside ±lambda, else 0
    case shrink(lambda: Float, bias: Float)
  }

  package let name: String
  let kind: Kind

  package init(_ name: String, _ kind: Kind) {
    self.name = name
    self.kind = kind
  }

  private var takesIntegers: Bool { kind == .absolute || kind == .negate || kind == .sign }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 1)
    let operand = try operands.operand(0)
    guard operand.type.isFloating || takesIntegers && operand.type != .bool else { throw .elementType(operand.type) }
    if operand.shape.count == 0 { return .operand(0) }
    return operands.computed(self, reads: [0], shapes: [operand.shape])
  }

  package var layoutRule: LayoutRule { .either }
  package var worksInPlace: Bool { true }

  package func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, target) = (context.inputs[0], context.outputs[0])
    if let type = source.element.integerType { return integerKernel(type, source, target) }
    let kind = kind
    return Kernel { run in
      let (input, output) = unsafe (run.read(source), run.write(target))
      rowsInRuns(source.count * run.items(source), width: 1, pool: run.pool) { range in
        switch kind {
        case .absolute: for i in range { unsafe output[i] = input[i].magnitude }
        case .negate: for i in range { unsafe output[i] = -input[i] }
        case .reciprocal: for i in range { unsafe output[i] = 1 / input[i] }
        case .squareRoot: for i in range { unsafe output[i] = input[i].squareRoot() }
        default: for i in range { unsafe output[i] = Self.value(kind, input[i]) }
        }
      }
    }
  }

  private func integerKernel<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ type: T.Type, _ source: BufferView, _ target: BufferView
  ) -> Kernel {
    let kind = kind
    return Kernel { run in
      let (input, output) = unsafe (run.read(source, as: type), run.write(target, as: type))
      for i in 0..<source.count * run.items(source) {
        let x = unsafe input[i]
        switch kind {
        case .absolute: unsafe output[i] = x < 0 ? 0 &- x : x
        case .negate: unsafe output[i] = 0 &- x
        default: unsafe output[i] = x == 0 ? 0 : x < 0 ? 0 &- 1 : 1
        }
      }
    }
  }

  private static func value(_ kind: Kind, _ x: Float) -> Float {
    switch kind {
    case .absolute: x.magnitude
    case .negate: -x
    case .sign: x > 0 ? 1 : x < 0 ? -1 : x
    case .exponential: expf(x)
    case .logarithm: logf(x)
    case .squareRoot: x.squareRoot()
    case .reciprocal: 1 / x
    case .floor: floorf(x)
    case .ceiling: ceilf(x)
    case .round: rintf(x)
    case .sine: sinf(x)
    case .cosine: cosf(x)
    case .tangent: tanf(x)
    case .softplus: softplus(x)
    case .softsign: x / (1 + x.magnitude)
    case .exponentialLinear(let alpha, let beta, let gamma): x > 0 ? gamma * x : gamma * alpha * expm1f(x / beta)
    case .mish: x * tanhf(softplus(x))
    case .threshold(let alpha): x > alpha ? x : 0
    case .shrink(let lambda, let bias): x < -lambda ? x + bias : x > lambda ? x - bias : 0
    }
  }

  /// log(1 + e^x) without overflow.
  private static func softplus(_ x: Float) -> Float { max(x, 0) + log1pf(expf(-x.magnitude)) }
}
