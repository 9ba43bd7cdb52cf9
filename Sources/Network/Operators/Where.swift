// Element-wise selection between two tensors, folded where shapes are selected.

internal import Elements

/// Where: operand 1 where operand 0, of booleans, is true, else operand 2. The shapes broadcast.
package struct Where: Operator, Computation {
  package let name = "Where"
  package init() {}

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 3)
    let (condition, a, b) = (try operands.operand(0), try operands.operand(1), try operands.operand(2))
    guard condition.type == .bool else { throw .elementType(condition.type) }
    guard a.type == b.type else { throw .elementType(b.type) }
    let shape = try broadcast(try broadcast(condition.shape, a.shape), b.shape)
    if let x = a.constant, let y = b.constant, x.dependsOnBatch || y.dependsOnBatch {
      let chosen = try folded(try operands.constant(0), x, y, shape)
      return .constants([try Tensor(type: a.type, dimensions: shape.dimensions, extents: chosen)])
    }
    return try .computed(self, reads: [0, 1, 2], result: TensorType(a.type, shape))
  }

  /// A choice among dimensions.
  private func folded(_ condition: Tensor, _ a: Tensor, _ b: Tensor, _ shape: Shape) throws(GraphError) -> [Extent] {
    func stretched(_ tensor: Tensor) throws(GraphError) -> [Extent] {
      StridedView(broadcasting: tensor.dimensions, to: shape.dimensions).gather(try tensor.extents)
    }
    let (conditions, x, y) = (try stretched(condition), try stretched(a), try stretched(b))
    return conditions.indices.map { conditions[$0].count != 0 ? x[$0] : y[$0] }
  }

  package var layoutRule: LayoutRule { .either }

  package func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    kernel(context.outputs[0].element.unit, context.inputs, context.outputs[0])
  }

  private func kernel<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ unit: T.Type, _ inputs: [BufferView], _ target: BufferView
  ) -> Kernel {
    let (condition, a, b) = (inputs[0], inputs[1], inputs[2])
    let loop = BroadcastLoop(condition, a, b, output: target)
    return Kernel { run in
      let choice = unsafe run.read(condition, as: UInt8.self)
      let (x, y, output) = unsafe (run.read(a, as: unit), run.read(b, as: unit), run.write(target, as: unit))
      loop.forEachRow(items: run.items(target), pool: run.pool) { row in
        for i in 0..<row.count {
          let isTrue = unsafe choice[row.a + i * loop.stepA] != 0
          unsafe output[row.output + i] = isTrue ? x[row.b + i * loop.stepB] : y[row.c + i * loop.stepC]
        }
      }
    }
  }
}
