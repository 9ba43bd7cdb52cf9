// Scaled dot-product attention as one computation.

internal import Kernels

/// softmax(factor · Q · Kᵀ + biases) · V. Operands: Q (…, queries, depth), K (…, keys, depth), V (…, keys, value depth), and up to two
/// biases that broadcast; each of the first three may have its last two axes swapped. Put in by a pass.
struct Attention: Computation, ReadsThroughViews {
  let name = "Attention"
  let factor: Float
  let transposesQueries: Bool
  let transposesKeys: Bool
  let transposesValues: Bool
  /// The axes before the last two of the scores, and of the result: as many heads, counted in the same order.
  let leading: [Int]
  let resultLeading: [Int]
  let keys: Int
  /// What each bias is stretched to: (…, queries, keys).
  let biasDimensions: [[Int]]
  var accesses: [StridedAccess?] = [nil, nil, nil]
  var resultAccess: StridedAccess?

  init(
    factor: Float, transposesQueries: Bool, transposesKeys: Bool, transposesValues: Bool, leading: [Int],
    resultLeading: [Int], keys: Int, biasDimensions: [[Int]]
  ) {
    self.factor = factor
    self.transposesQueries = transposesQueries
    self.transposesKeys = transposesKeys
    self.transposesValues = transposesValues
    self.leading = leading
    self.resultLeading = resultLeading
    self.keys = keys
    self.biasDimensions = biasDimensions
  }

  func multiplyAdds(_ inputs: [Shape], _ outputs: [Shape]) -> Int {
    let (queries, values) = (accesses[0]?.dimensions ?? inputs[0].dimensions, outputs[0].count)
    let depth = queries[queries.count - (transposesQueries ? 2 : 1)]
    let rows = queries[queries.count - (transposesQueries ? 1 : 2)]
    return values * keys + leading.reduce(1, *) * rows * keys * depth
  }

  func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let views = context.inputs
    func access(_ position: Int, _ isTransposed: Bool) -> StridedAccess {
      let access = accesses[position] ?? StridedAccess(views[position].dimensions)
      return isTransposed ? access.transposed : access
    }
    let (q, k, v) = (access(0, transposesQueries), access(1, transposesKeys), access(2, transposesValues))
    let target = context.outputs[0]
    let result = resultAccess ?? StridedAccess(target.dimensions)
    let biases = zip(views.dropFirst(3), biasDimensions).map { view, dimensions in
      let stretched = StridedView(broadcasting: view.dimensions, to: dimensions)
      var access = StridedAccess(dimensions)
      access.strides = stretched.strides
      return (view: view, access: access, sequence: MatrixSequence(access, leading: Array(dimensions.dropLast(2))))
    }
    let kernel = Kernels.Attention(
      queries: q.matrix, keys: k.matrix, values: v.matrix,
      biasSteps: (biases.first?.access.rowStride ?? 0, biases.count > 1 ? biases[1].access.rowStride : 0),
      rowStep: result.rowStride, factor: factor, pool: context.pool)
    let sequences = (
      MatrixSequence(q, leading: leading), MatrixSequence(k, leading: leading),
      MatrixSequence(v, leading: resultLeading), MatrixSequence(result, leading: resultLeading)
    )
    let heads = leading.reduce(1, *)
    return Kernel("fused", scratchBytes: 4 * kernel.scratchFloats) { run in
      let (queries, keys, values) = unsafe (run.read(views[0]), run.read(views[1]), run.read(views[2]))
      let output = unsafe run.write(target)
      let added = unsafe biases.map { unsafe run.read($0.view) }
      unsafe kernel.run(
        count: heads * run.items(target), scratch: run.scratch.assumingMemoryBound(to: Float.self), pool: run.pool
      ) { index in
        let (item, head) = index.quotientAndRemainder(dividingBy: heads)
        func start(_ view: BufferView, _ sequence: MatrixSequence) -> Int {
          (view.isBatched ? item * view.count : 0) + sequence.start(head)
        }
        func bias(_ position: Int) -> UnsafePointer<Float>? {
          guard position < biases.count else { return nil }
          return unsafe added[position] + start(biases[position].view, biases[position].sequence)
        }
        return unsafe Kernels.Attention.Head(
          queries: queries + start(views[0], sequences.0), keys: keys + start(views[1], sequences.1),
          values: values + start(views[2], sequences.2), biases: (bias(0), bias(1)),
          output: output + start(target, sequences.3))
      }
    }
  }
}

extension StridedAccess {
  /// The last two axes.
  var matrix: RuntimeMatrix {
    let last = dimensions.count - 1
    return RuntimeMatrix(
      rows: dimensions[last - 1], columns: dimensions[last], rowStep: strides[last - 1], columnStep: strides[last])
  }
  var rowStride: Int { strides[strides.count - 2] }
}
