internal import Elements
internal import Kernels

/// Add, Sub, Mul and Div of two tensors whose shapes broadcast.
public struct Arithmetic: Operator, Computation {
  public enum Kind: String, Sendable {
    case add = "Add"
    case subtract = "Sub"
    case multiply = "Mul"
    case divide = "Div"
  }

  public let kind: Kind
  var activation = Activation.none

  public init(_ kind: Kind) { self.kind = kind }

  public var name: String { kind.rawValue }

  public func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 2)
    let (a, b) = (try operands.operand(0), try operands.operand(1))
    guard a.type == b.type else { throw .elementType(b.type) }
    let shape = try broadcast(a.shape, b.shape)
    if let left = a.constant, let right = b.constant {
      return .constants([try folded(left, right, shape)])
    }
    _ = try (operands.activation(0), operands.activation(1))
    if let affine = try perChannel(operands, shape) { return affine }
    return operands.computed(self, reads: [0, 1], shapes: [shape])
  }

  // MARK: A constant per channel

  /// x ∘ c, where c says one number per channel, is a scale and a shift.
  private func perChannel(_ operands: Operands, _ shape: Shape) throws(GraphError) -> Resolution? {
    let (a, b) = (try operands.operand(0), try operands.operand(1))
    guard let constant = a.constant ?? b.constant else { return nil }
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
    case .divide: return nil
    }
    return operands.computed(result, reads: [position], shapes: [x])
  }

  // MARK: Folding

  private func folded(_ a: Tensor, _ b: Tensor, _ shape: Shape) throws(GraphError) -> Tensor {
    let left = StridedView(broadcasting: a.dimensions, to: shape.dimensions)
    let right = StridedView(broadcasting: b.dimensions, to: shape.dimensions)
    if a.type.isFloating {
      let (x, y) = (left.gather(try a.floats), right.gather(try b.floats))
      return try Tensor(
        type: a.type, dimensions: shape.dimensions, floats: x.indices.map { Self.apply(kind, x[$0], y[$0]) })
    }
    guard a.type != .bool else { throw .elementType(.bool) }
    let (x, y) = (left.gather(try a.extents), right.gather(try b.extents))
    var result: [Extent] = []
    for index in x.indices {
      switch kind {
      case .add: result.append(try x[index] + y[index])
      case .subtract: result.append(try x[index] - y[index])
      case .multiply: result.append(try x[index] * y[index])
      case .divide: result.append(try x[index] / y[index])
      }
    }
    return try Tensor(type: a.type, dimensions: shape.dimensions, extents: result)
  }

  @inline(__always)
  private static func apply(_ kind: Kind, _ x: Float, _ y: Float) -> Float {
    switch kind {
    case .add: x + y
    case .subtract: x - y
    case .multiply: x * y
    case .divide: x / y
    }
  }

  // MARK: At run time

  public var layoutRule: LayoutRule { .either }
  public var worksInPlace: Bool { true }
  public func multiplyAdds(_ inputs: [Shape], _ outputs: [Shape]) -> Int { outputs[0].count }

  public func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (a, b, target) = (context.inputs[0], context.inputs[1], context.outputs[0])
    let (kind, activation) = (kind, activation)
    if a.dimensions == b.dimensions && a.isBatched == b.isBatched {
      switch kind {
      case .add:
        return Kernel { run in
          unsafe add(
            count: a.count * run.items(a), run.read(a), run.read(b), run.write(target), activation: activation,
            pool: run.pool)
        }
      case .multiply:
        return Kernel { run in
          unsafe multiply(
            count: a.count * run.items(a), run.read(a), run.read(b), run.write(target), activation: activation,
            pool: run.pool)
        }
      case .subtract, .divide: break
      }
    }
    let loop = BroadcastLoop(a, b, target)
    return Kernel { run in
      let (x, y, output) = unsafe (run.read(a), run.read(b), run.write(target))
      loop.forEachRow(items: run.items(target), pool: run.pool) { atX, atY, atOutput, count in
        let (x, y, output) = unsafe (x + atX, y + atY, output + atOutput)
        switch kind {
        case .add: for i in 0..<count { unsafe output[i] = x[i &* loop.stepA] + y[i &* loop.stepB] }
        case .subtract: for i in 0..<count { unsafe output[i] = x[i &* loop.stepA] - y[i &* loop.stepB] }
        case .multiply: for i in 0..<count { unsafe output[i] = x[i &* loop.stepA] * y[i &* loop.stepB] }
        case .divide: for i in 0..<count { unsafe output[i] = x[i &* loop.stepA] / y[i &* loop.stepB] }
        }
        if activation != .none { unsafe applyHere(activation, count: count, output) }
      }
    }
  }
}
