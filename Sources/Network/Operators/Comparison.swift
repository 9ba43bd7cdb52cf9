// Element-wise comparisons with broadcasting, including those of shape arithmetic at load time.

internal import Elements

/// Two tensors of one type whose shapes broadcast, element by element, to booleans: Equal, Less, LessOrEqual, Greater,
/// GreaterOrEqual.
package struct Comparison: Operator, Computation {
  package enum Kind: String, Sendable {
    case equal = "Equal"
    case less = "Less"
    case lessOrEqual = "LessOrEqual"
    case greater = "Greater"
    case greaterOrEqual = "GreaterOrEqual"
  }

  let kind: Kind
  package init(_ kind: Kind) { self.kind = kind }
  package var name: String { kind.rawValue }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 2)
    let (a, b) = (try operands.operand(0), try operands.operand(1))
    guard a.type == b.type else { throw .elementType(b.type) }
    let shape = try broadcast(a.shape, b.shape)
    if let left = a.constant, let right = b.constant, left.dependsOnBatch || right.dependsOnBatch {
      return .constants([try folded(left, right, shape)])
    }
    return try .computed(self, reads: [0, 1], result: TensorType(.bool, shape))
  }

  /// Dimensions that depend on the batch are at least 1: equal to nothing smaller, and to themselves.
  private func folded(_ a: Tensor, _ b: Tensor, _ shape: Shape) throws(GraphError) -> Tensor {
    guard kind == .equal else { throw .dynamicShape }
    let left = StridedView(broadcasting: a.dimensions, to: shape.dimensions).gather(try a.extents)
    let right = StridedView(broadcasting: b.dimensions, to: shape.dimensions).gather(try b.extents)
    var result: [Int] = []
    for (x, y) in zip(left, right) {
      if x == y {
        result.append(1)
      } else if x.isBatched == y.isBatched || (x.isBatched ? x : y).count > 0 && (x.isBatched ? y : x).count < 1 {
        result.append(0)
      } else {
        throw .dynamicShape
      }
    }
    return try Tensor(type: .bool, dimensions: shape.dimensions, integers: result)
  }

  package var layoutRule: LayoutRule { .either }

  package func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (a, b, target) = (context.inputs[0], context.inputs[1], context.outputs[0])
    if let type = a.element.integerType { return kernel(type, a, b, target) }
    return kernel(Float.self, a, b, target)
  }

  private func kernel<T: Comparable & BitwiseCopyable & Sendable>(
    _ type: T.Type, _ a: BufferView, _ b: BufferView, _ target: BufferView
  ) -> Kernel {
    let (kind, loop) = (kind, BroadcastLoop(a, b, output: target))
    return Kernel { run in
      let (x, y) = unsafe (run.read(a, as: type), run.read(b, as: type))
      let output = unsafe run.write(target, as: UInt8.self)
      loop.forEachRow(items: run.items(target), pool: run.pool) { row in
        switch kind {
        case .equal: unsafe loop.combine(row, x, y, output) { $0 == $1 ? 1 : 0 }
        case .less: unsafe loop.combine(row, x, y, output) { $0 < $1 ? 1 : 0 }
        case .lessOrEqual: unsafe loop.combine(row, x, y, output) { $0 <= $1 ? 1 : 0 }
        case .greater: unsafe loop.combine(row, x, y, output) { $0 > $1 ? 1 : 0 }
        case .greaterOrEqual: unsafe loop.combine(row, x, y, output) { $0 >= $1 ? 1 : 0 }
        }
      }
    }
  }
}
