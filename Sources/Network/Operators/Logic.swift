// Boolean operators on bytes of 0 and 1.

internal import Elements

/// And, Or, Xor of two boolean tensors whose shapes broadcast; Not of one.
package struct Logic: Operator, Computation {
  package enum Kind: String, Sendable {
    case and = "And"
    case or = "Or"
    case exclusiveOr = "Xor"
    case not = "Not"
  }

  let kind: Kind
  package init(_ kind: Kind) { self.kind = kind }
  package var name: String { kind.rawValue }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: kind == .not ? 1 : 2)
    let a = try operands.operand(0)
    let b = try operands.operand(kind == .not ? 0 : 1)
    for operand in [a, b] where operand.type != .bool { throw .elementType(operand.type) }
    let shape = try broadcast(a.shape, b.shape)
    return try .computed(self, reads: kind == .not ? [0] : [0, 1], result: TensorType(.bool, shape))
  }

  package var layoutRule: LayoutRule { .either }

  package func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (a, b, target) = (context.inputs[0], context.inputs[context.inputs.count - 1], context.outputs[0])
    let (kind, loop) = (kind, BroadcastLoop(a, b, output: target))
    return Kernel { run in
      let (x, y) = unsafe (run.read(a, as: UInt8.self), run.read(b, as: UInt8.self))
      let output = unsafe run.write(target, as: UInt8.self)
      loop.forEachRow(items: run.items(target), pool: run.pool) { row in
        switch kind {
        case .and: unsafe loop.combine(row, x, y, output) { $0 & $1 }
        case .or: unsafe loop.combine(row, x, y, output) { $0 | $1 }
        case .exclusiveOr: unsafe loop.combine(row, x, y, output) { $0 ^ $1 }
        case .not: unsafe loop.combine(row, x, y, output) { value, _ in value ^ 1 }
        }
      }
    }
  }
}
