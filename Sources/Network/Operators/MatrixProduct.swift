// Batched matrix multiplication with broadcast leading axes.

internal import Kernels

/// MatMul: NumPy's rules, the last two axes multiplied and those before broadcast. With a constant matrix on the right
/// it becomes a `Dense`.
package struct MatrixProduct: Operator, Computation, ReadsThroughViews {
  package let name = "MatMul"
  /// Every sum is multiplied with it.
  var factor: Float
  /// The last two axes of an operand are swapped.
  var transposesA: Bool
  var transposesB: Bool
  /// What an operand or result of one axis has too much, as a matrix.
  private var vectors: (a: Bool, b: Bool) = (false, false)
  var accesses: [StridedAccess?] = [nil, nil]
  var resultAccess: StridedAccess?

  var hasVectors: Bool { vectors.a || vectors.b }
  /// Whether this is weights · B, as attention's second product is.
  var isPlainRight: Bool { !transposesA && factor == 1 && !hasVectors }

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
    var left = accesses[0] ?? StridedAccess(vectors.a ? [1] + a.dimensions : a.dimensions)
    var right = accesses[1] ?? StridedAccess(vectors.b ? b.dimensions + [1] : b.dimensions)
    if transposesA { left = left.transposed }
    if transposesB { right = right.transposed }
    var result = resultAccess ?? StridedAccess(target.dimensions)
    // What a vector lacks as a matrix, the result lacks too.
    if vectors.a { result = result.inserting(axis: result.dimensions.count - (vectors.b ? 0 : 1)) }
    if vectors.b { result = result.inserting(axis: result.dimensions.count) }
    let leading = Array(result.dimensions.dropLast(2))
    let count = leading.reduce(1, *)
    let product = MatrixMultiplication(
      a: left.matrix, b: right.matrix, rowStep: result.rowStride, factor: factor, pool: context.pool)
    let sequences = (
      MatrixSequence(left, leading: leading), MatrixSequence(right, leading: leading),
      MatrixSequence(result, leading: leading)
    )
    return Kernel("packed at run time", scratchBytes: 4 * product.scratchFloats) { run in
      let (x, y, output) = unsafe (run.read(a), run.read(b), run.write(target))
      unsafe product.run(
        count: count * run.items(target), scratch: run.scratch.assumingMemoryBound(to: Float.self), pool: run.pool
      ) { index in
        let (item, matrix) = index.quotientAndRemainder(dividingBy: count)
        return unsafe (
          x + (a.isBatched ? item * a.count : 0) + sequences.0.start(matrix),
          y + (b.isBatched ? item * b.count : 0) + sequences.1.start(matrix),
          output + item * target.count + sequences.2.start(matrix)
        )
      }
    }
  }
}

extension StridedAccess {
  /// With an axis of 1 at `axis`.
  fileprivate func inserting(axis: Int) -> StridedAccess {
    var result = self
    result.dimensions.insert(1, at: axis)
    result.strides.insert(0, at: axis)
    return result
  }
}
