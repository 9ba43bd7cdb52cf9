internal import Kernels

/// MatMul: NumPy's rules, the last two axes multiplied and those before broadcast. With a constant matrix on the right
/// it becomes a `Dense`.
public struct MatrixProduct: Operator, Computation {
  public let name = "MatMul"

  public init() {}

  public func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 2)
    let (a, b) = (try operands.activation(0), try operands.activation(1))
    guard a.rank >= 2, b.rank >= 2 else { throw .rank(min(a.rank, b.rank)) }
    let (rows, depth, columns) = (a.extents[a.rank - 2], a.dimensions[a.rank - 1], b.dimensions[b.rank - 1])
    guard b.extents[b.rank - 2] == Extent(depth) else { throw .shapes([a, b]) }
    if let weights = try operands.operand(1).constant, b.rank == 2 {
      let dense = Dense(name: name, weights: weights, layout: .inputsFirst, bias: nil)
      return operands.computed(dense, reads: [0], shapes: [try Shape(a.extents.dropLast() + [Extent(columns)])])
    }
    let leading = try broadcast(
      try Shape(Array(a.extents.dropLast(2))), try Shape(Array(b.extents.dropLast(2))))
    let shape = try Shape(leading.extents + [rows, Extent(columns)])
    return operands.computed(self, reads: [0, 1], shapes: [shape])
  }

  public func multiplyAdds(_ inputs: [Shape], _ outputs: [Shape]) -> Int {
    outputs[0].count * (inputs[0].dimensions.last ?? 0)
  }

  public func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (a, b, target) = (context.inputs[0], context.inputs[1], context.outputs[0])
    let (m, k) = (a.dimensions[a.dimensions.count - 2], a.channels)
    let n = b.channels
    // Rows of the batched first dimension of a two-dimensional left side: a product for each item, since the library's rounding
    // depends on how many rows it is given.
    if target.dimensions.count == 2 {
      return Kernel { run in
        for item in 0..<run.items(a) {
          unsafe matrixMultiply(
            m: m, n: n, k: k, a: run.read(a) + item * m * k, lda: k, transposeA: false, b: run.read(b), ldb: n,
            transposeB: false, c: run.write(target) + item * m * n, ldc: n)
        }
      }
    }
    // One product per leading index; the loop's rows are whole matrices.
    let loop = BroadcastLoop(a.matrices, b.matrices, target.matrices)
    return Kernel { run in
      let (x, y, output) = unsafe (run.read(a), run.read(b), run.write(target))
      loop.forEachRow(items: run.items(target), pool: callingThread) { atA, atB, atOutput, _ in
        unsafe matrixMultiply(
          m: m, n: n, k: k, a: x + atA * (m * k), lda: k, transposeA: false, b: y + atB * (k * n), ldb: n,
          transposeB: false, c: output + atOutput * (m * n), ldc: n)
      }
    }
  }
}

extension BufferView {
  /// The leading axes alone, with a last one of 1: positions count whole matrices.
  fileprivate var matrices: BufferView {
    BufferView(
      memory: memory, element: element, dimensions: dimensions.dropLast(2) + [1],
      isBatched: isBatched && dimensions.count > 2, stride: 1)
  }
}
