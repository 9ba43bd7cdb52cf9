// General matrix product with optional transposes, scale factors and bias.

internal import Kernels

/// Gemm: alpha · op(A) · op(B) + beta · C. With constant B and a C of one number per column it becomes a `Dense`.
package struct Gemm: Operator, Computation {
  package let name = "Gemm"
  let alpha: Float
  let beta: Float
  let transposesA: Bool
  let transposesB: Bool

  package init(alpha: Float, beta: Float, transposesA: Bool, transposesB: Bool) {
    self.alpha = alpha
    self.beta = beta
    self.transposesA = transposesA
    self.transposesB = transposesB
  }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 3)
    let (a, b) = (try operands.activation(0), try operands.activation(1))
    guard a.rank == 2, b.rank == 2 else { throw .rank(a.rank == 2 ? b.rank : a.rank) }
    if (transposesA && a.isBatched) || b.isBatched { throw .dynamicShape }
    let rows = a.extents[transposesA ? 1 : 0]
    let depth = a.dimensions[transposesA ? 0 : 1]
    let columns = b.dimensions[transposesB ? 0 : 1]
    guard b.dimensions[transposesB ? 1 : 0] == depth else { throw .shapes([a, b]) }
    let shape = try Shape([rows, Extent(columns)])
    let c = operands.optional(2)
    if let c {
      _ = try operands.activation(2)
      guard try broadcast(c.shape, shape) == shape else { throw .shapes([shape, c.shape]) }
    }
    if let weights = try operands.operand(1).constant, !transposesA, let bias = try rowBias(c, columns) {
      var dense = Dense(
        name: name, weights: weights, layout: transposesB ? .outputsFirst : .inputsFirst,
        bias: c == nil ? nil : bias.map { $0 * beta })
      dense.factor = alpha
      return operands.computed(dense, reads: [0], shapes: [shape])
    }
    return operands.computed(self, reads: c == nil ? [0, 1] : [0, 1, 2], shapes: [shape])
  }

  /// C as one number per column: nil where it is anything else.
  private func rowBias(_ c: Operand?, _ columns: Int) throws(GraphError) -> [Float]? {
    guard let c else { return [] }
    guard let constant = c.constant, c.shape.dimensions.dropLast().allSatisfy({ $0 == 1 }) else { return nil }
    let values = try constant.floats
    return values.count == columns ? values : Array(repeating: values[0], count: columns)
  }

  package func multiplyAdds(_ inputs: [Shape], _ outputs: [Shape]) -> Int {
    outputs[0].count * inputs[0].dimensions[transposesA ? 0 : 1]
  }

  package func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (a, b, target) = (context.inputs[0], context.inputs[1], context.outputs[0])
    let (lda, ldb, n) = (a.dimensions[1], b.dimensions[1], target.dimensions[1])
    let (m, k) = (target.dimensions[0], a.dimensions[transposesA ? 0 : 1])
    let (alpha, beta, transposesA, transposesB) = (alpha, beta, transposesA, transposesB)
    let c = context.inputs.count > 2 ? context.inputs[2] : nil
    let loop = c.map { BroadcastLoop($0, output: target) }
    return Kernel { run in
      let output = unsafe run.write(target)
      if let c, let loop {
        let addend = unsafe run.read(c)
        loop.forEachRow(items: run.items(target), pool: run.pool) { row in
          unsafe loop.combine(row, addend, addend, output) { value, _ in value }
        }
      }
      // A product for each item: the library's rounding depends on how many rows it is given.
      for item in 0..<run.items(target) {
        unsafe matrixMultiply(
          m: m, n: n, k: k, a: run.read(a) + item * m * k, lda: lda, transposeA: transposesA,
          b: run.read(b), ldb: ldb, transposeB: transposesB, c: output + item * m * n, ldc: n, alpha: alpha,
          beta: c == nil ? 0 : beta)
      }
    }
  }
}
