// Binary arithmetic with broadcasting: shape inference, folding of shape arithmetic, float and integer kernels.

internal import Elements
internal import Glibc
internal import Kernels

/// Two tensors whose shapes broadcast, element by element: Add, Sub, Mul, Div, Pow, Min, Max, Mod, PRelu.
package struct Arithmetic: Operator, Computation {
  package enum Kind: String, Sendable {
    case add = "Add"
    case subtract = "Sub"
    case multiply = "Mul"
    case divide = "Div"
    case power = "Pow"
    case minimum = "Min"
    case maximum = "Max"
    /// The remainder has the divisor's sign.
    case modulo = "Mod"
    /// C's fmod: the remainder has the dividend's sign.
    case remainder = "FMod"
    /// a where it is not negative, else a · b.
    case slope = "PRelu"
  }

  let kind: Kind
  var activation = Activation.none

  package init(_ kind: Kind) { self.kind = kind }

  package var name: String { kind.rawValue }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 2)
    let (a, b) = (try operands.operand(0), try operands.operand(1))
    // Pow may have an exponent of another type.
    let exponent = kind == .power && a.type.isFloating == b.type.isFloating
    guard a.type == b.type || exponent else { throw .elementType(b.type) }
    guard a.type != .bool else { throw .elementType(.bool) }
    let shape = try broadcast(a.shape, b.shape)
    if let left = a.constant, let right = b.constant, left.dependsOnBatch || right.dependsOnBatch {
      return .constants([try folded(left, right, shape)])
    }
    if a.constant == nil || b.constant == nil, let affine = try perChannel(operands, shape) { return affine }
    return try .computed(self, reads: [0, 1], result: TensorType(a.type, shape))
  }

  // MARK: A constant per channel

  /// x ∘ c, where c says one number per channel, is a scale and a shift.
  private func perChannel(_ operands: Operands, _ shape: Shape) throws(GraphError) -> Resolution? {
    let (a, b) = (try operands.operand(0), try operands.operand(1))
    guard let constant = a.constant ?? b.constant, constant.type.isFloating, shape.count > 0 else { return nil }
    let (x, position) = b.constant == nil ? (b.shape, 1) : (a.shape, 0)
    guard x == shape, x.rank == 4 || x.rank == 2 else { return nil }
    let channels = x.dimensions[1]
    // The constant's dimensions, aligned at the end, are all 1 but the channels'.
    let padded = Array(repeating: 1, count: x.rank - constant.dimensions.count) + constant.dimensions
    guard padded.enumerated().allSatisfy({ $0.offset == 1 || $0.element == 1 }) else { return nil }
    let stated = try constant.floats
    let values = stated.count == channels ? stated : Array(repeating: stated[0], count: channels)
    let (ones, zeros) = ([Float](repeating: 1, count: channels), [Float](repeating: 0, count: channels))
    let result: ScaleShift
    switch kind {
    case .add: result = ScaleShift(name: name, scale: ones, shift: values)
    case .multiply: result = ScaleShift(name: name, scale: values, shift: zeros)
    case .subtract where position == 0: result = ScaleShift(name: name, scale: ones, shift: values.map(-))
    case .subtract: result = ScaleShift(name: name, scale: ones.map(-), shift: values)
    case .divide where position == 0 && values.allSatisfy { $0.isNormal && (1 / $0).isNormal }:
      result = ScaleShift(name: name, scale: values.map { 1 / $0 }, shift: zeros)
    default: return nil
    }
    return operands.computed(result, reads: [position], shapes: [x])
  }

  // MARK: Shapes that depend on the batch

  private func folded(_ a: Tensor, _ b: Tensor, _ shape: Shape) throws(GraphError) -> Tensor {
    let left = StridedView(broadcasting: a.dimensions, to: shape.dimensions)
    let right = StridedView(broadcasting: b.dimensions, to: shape.dimensions)
    let (x, y) = (left.gather(try a.extents), right.gather(try b.extents))
    var result: [Extent] = []
    for index in x.indices {
      switch kind {
      case .add: result.append(try x[index] + y[index])
      case .subtract: result.append(try x[index] - y[index])
      case .multiply: result.append(try x[index] * y[index])
      case .divide: result.append(try x[index] / y[index])
      default: throw .dynamicShape
      }
    }
    return try Tensor(type: a.type, dimensions: shape.dimensions, extents: result)
  }

  // MARK: At run time

  package var layoutRule: LayoutRule { .either }
  package var worksInPlace: Bool { true }
  package func multiplyAdds(_ inputs: [Shape], _ outputs: [Shape]) -> Int { outputs[0].count }

  package func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (a, b, target) = (context.inputs[0], context.inputs[1], context.outputs[0])
    if let type = target.element.integerType {
      guard a.element == b.element else { throw .elementType(b.element) }
      return integerKernel(type, a, b, target)
    }
    let (kind, activation) = (kind, activation)
    if a.dimensions == b.dimensions && a.isBatched == b.isBatched && (kind == .add || kind == .multiply) {
      let combine = unsafe kind == .add ? Kernels.add : Kernels.multiply
      return Kernel { run in
        unsafe combine(
          a.count * run.items(a), run.read(a), run.read(b), run.write(target), activation, run.pool, .current)
      }
    }
    let loop = BroadcastLoop(a, b, output: target)
    if let combination = kind.combination, loop.stepA + loop.stepB > 0 {
      let kernels = RunKernels()
      return Kernel { run in
        let (x, y, output) = unsafe (run.read(a), run.read(b), run.write(target))
        loop.forEachRow(items: run.items(target), pool: run.pool) { row in
          let to = unsafe output + row.output
          unsafe kernels.combine(
            combination, count: row.count, x + row.a, stepA: loop.stepA, y + row.b, stepB: loop.stepB, to)
          if activation != .none { unsafe kernels.activate(activation, count: row.count, to, to) }
        }
      }
    }
    return Kernel { run in
      let (x, y, output) = unsafe (run.read(a), run.read(b), run.write(target))
      loop.forEachRow(items: run.items(target), pool: run.pool) { row in
        switch kind {
        case .add: unsafe loop.combine(row, x, y, output) { $0 + $1 }
        case .subtract: unsafe loop.combine(row, x, y, output) { $0 - $1 }
        case .multiply: unsafe loop.combine(row, x, y, output) { $0 * $1 }
        case .divide: unsafe loop.combine(row, x, y, output) { $0 / $1 }
        case .power: unsafe loop.combine(row, x, y, output) { $1 == 2 ? $0 * $0 : powf($0, $1) }
        case .minimum: unsafe loop.combine(row, x, y, output) { $1 < $0 || $1.isNaN ? $1 : $0 }
        case .maximum: unsafe loop.combine(row, x, y, output) { $1 > $0 || $1.isNaN ? $1 : $0 }
        case .remainder: unsafe loop.combine(row, x, y, output) { fmodf($0, $1) }
        case .modulo:
          unsafe loop.combine(row, x, y, output) { a, b in
            let rest = fmodf(a, b)
            return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest
          }
        case .slope: unsafe loop.combine(row, x, y, output) { $0 < 0 ? $0 * $1 : $0 }
        }
        if activation != .none { unsafe applyHere(activation, count: row.count, output + row.output) }
      }
    }
  }

  /// Integers wrap around, as in C; division by zero gives zero.
  private func integerKernel<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ type: T.Type, _ a: BufferView, _ b: BufferView, _ target: BufferView
  ) -> Kernel {
    let (kind, loop) = (kind, BroadcastLoop(a, b, output: target))
    return Kernel { run in
      let (x, y) = unsafe (run.read(a, as: type), run.read(b, as: type))
      let output = unsafe run.write(target, as: type)
      loop.forEachRow(items: run.items(target), pool: run.pool) { row in
        switch kind {
        case .add: unsafe loop.combine(row, x, y, output) { $0 &+ $1 }
        case .subtract: unsafe loop.combine(row, x, y, output) { $0 &- $1 }
        case .multiply: unsafe loop.combine(row, x, y, output) { $0 &* $1 }
        case .divide:
          unsafe loop.combine(row, x, y, output) { $1 == 0 ? 0 : $0.dividedReportingOverflow(by: $1).partialValue }
        case .power: unsafe loop.combine(row, x, y, output) { Self.power($0, $1) }
        case .minimum: unsafe loop.combine(row, x, y, output) { min($0, $1) }
        case .maximum: unsafe loop.combine(row, x, y, output) { max($0, $1) }
        case .remainder, .modulo:
          unsafe loop.combine(row, x, y, output) { a, b in
            if b == 0 { return 0 }
            let rest = a.remainderReportingOverflow(dividingBy: b).partialValue
            return kind == .modulo && rest != 0 && (rest < 0) != (b < 0) ? rest &+ b : rest
          }
        case .slope: unsafe loop.combine(row, x, y, output) { $0 < 0 ? $0 &* $1 : $0 }
        }
      }
    }
  }

  private static func power<T: FixedWidthInteger>(_ base: T, _ exponent: T) -> T {
    if exponent < 0 { return base == 1 ? 1 : 0 }
    var (result, square, rest) = (T(1), base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result = result &* square }
      square = square &* square
      rest >>= 1
    }
    return result
  }
}

extension Arithmetic.Kind {
  /// The vectorized form.
  fileprivate var combination: RunKernels.Combination? {
    switch self {
    case .add: .add
    case .subtract: .subtract
    case .multiply: .multiply
    case .divide: .divide
    default: nil
    }
  }
}
