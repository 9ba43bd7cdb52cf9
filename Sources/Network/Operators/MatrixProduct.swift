// Batched matrix multiplication with broadcast leading axes.

internal import Kernels

/// MatMul: NumPy's rules, the last two axes multiplied and those before broadcast. With a constant matrix on the right
/// it becomes a `Dense`.
package struct MatrixProduct: Operator, Computation {
  package let name = "MatMul"
  /// Every sum is multiplied with it.
  var factor: Float
  /// The last two axes of an operand are swapped.
  var transposesA: Bool
  var transposesB: Bool
  /// What an operand or result of one axis has too much, as a matrix.
  private var vectors: (a: Bool, b: Bool) = (false, false)

  package init(factor: Float = 1, transposesA: Bool = false, transposesB: Bool = false) {
    self.factor = factor
    self.transposesA = transposesA
    self.transposesB = transposesB
  }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 2)
    var (a, b) = (try operands.activation(0), try operands.activation(1))
    var result = self
    guard a.rank >= 1, b.rank >= 1 else { throw .rank(0) }
    if (a.rank == 1 && (a.isBatched || transposesA)) || (b.rank == 1 && (b.isBatched || transposesB)) {
      throw .dynamicShape
    }
    // A vector is a row on the left and a column on the right.
    result.vectors = (a.rank == 1, b.rank == 1)
    if a.rank == 1 { a = try Shape([1] + a.dimensions) }
    if b.rank == 1 { b = try Shape(b.dimensions + [1]) }
    let rows = a.extents[a.rank - (transposesA ? 1 : 2)]
    let depth = a.extents[a.rank - (transposesA ? 2 : 1)]
    let columns = b.extents[b.rank - (transposesB ? 2 : 1)]
    guard b.extents[b.rank - (transposesB ? 1 : 2)] == depth else { throw .shapes([a, b]) }
    if depth.isBatched || columns.isBatched || rows.isBatched && transposesA { throw .dynamicShape }
    let leading = try broadcast(
      try Shape(Array(a.extents.dropLast(2))), try Shape(Array(b.extents.dropLast(2))))
    let extents = leading.extents + (result.vectors.a ? [] : [rows]) + (result.vectors.b ? [] : [columns])
    if let weights = try operands.operand(1).constant, b.rank == 2, !result.vectors.b, !transposesA,
      try operands.operand(0).constant == nil
    {
      var dense = Dense(name: name, weights: weights, layout: transposesB ? .outputsFirst : .inputsFirst, bias: nil)
      dense.factor = factor
      return operands.computed(dense, reads: [0], shapes: [try Shape(extents)])
    }
    return operands.computed(result, reads: [0, 1], shapes: [try Shape(extents)])
  }

  package func multiplyAdds(_ inputs: [Shape], _ outputs: [Shape]) -> Int {
    let depth =
      inputs[0].rank < 2 || !transposesA ? inputs[0].dimensions.last : inputs[0].dimensions[inputs[0].rank - 2]
    return outputs[0].count * (depth ?? 0)
  }

  package func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (a, b, target) = (context.inputs[0], context.inputs[1], context.outputs[0])
    let left = vectors.a ? [1] + a.dimensions : a.dimensions
    let right = vectors.b ? b.dimensions + [1] : b.dimensions
    let (aRows, aColumns) = (left[left.count - 2], left[left.count - 1])
    let (bRows, bColumns) = (right[right.count - 2], right[right.count - 1])
    let (m, k, n) = (transposesA ? aColumns : aRows, transposesA ? aRows : aColumns, transposesB ? bRows : bColumns)
    let (transposesA, transposesB, factor) = (transposesA, transposesB, factor)
    // Rows of the batched first dimension of a two-dimensional left side: a product for each item, since the library's rounding
    // depends on how many rows it is given.
    if left.count == 2 && right.count == 2 {
      return Kernel("OpenBLAS") { run in
        for item in 0..<run.items(a) {
          unsafe matrixMultiply(
            m: m, n: n, k: k, a: run.read(a) + item * m * k, lda: aColumns, transposeA: transposesA, b: run.read(b),
            ldb: bColumns, transposeB: transposesB, c: run.write(target) + item * m * n, ldc: n, alpha: factor)
        }
      }
    }
    // One product per leading index; the loop's rows are whole matrices.
    let leading = Array(target.dimensions.dropLast((vectors.a ? 0 : 1) + (vectors.b ? 0 : 1)))
    let loop = BroadcastLoop(
      a.matrices(Array(left.dropLast(2))), b.matrices(Array(right.dropLast(2))), output: target.matrices(leading))
    return Kernel("OpenBLAS") { run in
      let (x, y, output) = unsafe (run.read(a), run.read(b), run.write(target))
      loop.forEachRow(items: run.items(target), pool: callingThread) { row in
        for index in 0..<row.count {
          unsafe matrixMultiply(
            m: m, n: n, k: k, a: x + (row.a + index * loop.stepA) * (m * k), lda: aColumns, transposeA: transposesA,
            b: y + (row.b + index * loop.stepB) * (k * n), ldb: bColumns, transposeB: transposesB,
            c: output + (row.output + index) * (m * n), ldc: n, alpha: factor)
        }
      }
    }
  }
}

extension BufferView {
  /// The leading axes alone: positions count whole matrices.
  fileprivate func matrices(_ leading: [Int]) -> BufferView {
    BufferView(
      memory: memory, element: element, dimensions: leading, isBatched: isBatched && !leading.isEmpty, stride: 1)
  }
}
