// Scaled dot-product attention (Vaswani et al. 2017, section 3.2.1), a block of queries at a time: the scores never leave L2.

internal import KernelTemplates

/// C = softmax(factor · Q · Kᵀ + biases) · V for many heads of one shape.
public struct Attention: Sendable {
  /// Where the operands of one head begin. `biases`: as many as the shape says, the second only with a first.
  public struct Head {
    public var queries: UnsafePointer<Float>
    public var keys: UnsafePointer<Float>
    public var values: UnsafePointer<Float>
    public var biases: (UnsafePointer<Float>?, UnsafePointer<Float>?)
    public var output: UnsafeMutablePointer<Float>

    public init(
      queries: UnsafePointer<Float>, keys: UnsafePointer<Float>, values: UnsafePointer<Float>,
      biases: (UnsafePointer<Float>?, UnsafePointer<Float>?), output: UnsafeMutablePointer<Float>
    ) {
      self.queries = queries
      self.keys = keys
      self.values = values
      self.biases = biases
      self.output = output
    }
  }

  private let queries: RuntimeMatrix
  private let keys: RuntimeMatrix
  private let values: RuntimeMatrix
  private let biasSteps: (Int, Int)
  private let rowStep: Int
  private let factor: Float
  private let kernels: KernelTable
  private let zeros: TypedBuffer<Float>
  /// (width): 1 for the lanes of a row's last vector that the vectors before it have not.
  private let fresh: TypedBuffer<Float>
  private let threads: Int

  /// Queries whose scores are computed at once.
  private static let blockRows = 48

  /// - Parameters:
  ///   - queries: (queries, depth)
  ///   - keys: (keys, depth)
  ///   - values: (keys, value depth)
  ///   - biasSteps: floats from one query's row of each bias to the next one's; keys follow one another.
  ///   - rowStep: floats from row to row of the result (queries, value depth), whose columns follow one another.
  ///   - pool: later pools may have as many threads, not more.
  public init(
    queries: RuntimeMatrix, keys: RuntimeMatrix, values: RuntimeMatrix, biasSteps: (Int, Int), rowStep: Int,
    factor: Float, pool: ThreadPool, instructionSet: CPUFeatures = .current
  ) {
    precondition(queries.columns == keys.columns && keys.rows == values.rows && keys.rows > 0)
    self.queries = queries
    self.keys = keys
    self.values = values
    self.biasSteps = biasSteps
    self.rowStep = rowStep
    self.factor = factor
    kernels = instructionSet.kernels
    fresh = TypedBuffer<Float>(count: kernels.width)
    for lane in 0..<kernels.width { fresh.start[lane] = lane + keys.rows % kernels.width >= kernels.width ? 1 : 0 }
    let widest = max(keys.rows, values.columns) + kernels.panelWidth
    zeros = TypedBuffer(repeating: 0, count: widest)
    threads = pool.threads
  }

  /// Scores of a row, rounded up to whole vectors.
  private var scoreStep: Int { (keys.rows + kernels.width - 1) / kernels.width * kernels.width }
  private var keyFloats: Int { wholeLines(kernels.panelFloats(depth: keys.columns, columns: keys.rows)) }
  private var valueFloats: Int { wholeLines(kernels.panelFloats(depth: values.rows, columns: values.columns)) }
  private var scoreFloats: Int { wholeLines(Self.blockRows * scoreStep) }
  private var queryFloats: Int { queries.hasContiguousRows ? 0 : wholeLines(Self.blockRows * queries.columns) }
  private var workerFloats: Int {
    keyFloats + valueFloats + scoreFloats + queryFloats + kernels.pointerFloats(rows: Self.blockRows)
  }
  public var scratchFloats: Int { 16 + threads * workerFloats }

  /// `count` heads. `scratch`: `scratchFloats` floats.
  public func run(
    count: Int, scratch: UnsafeMutablePointer<Float>, pool: ThreadPool, head: (Int) -> Head
  ) {
    precondition(pool.threads <= threads)
    let blocks = (queries.rows + Self.blockRows - 1) / Self.blockRows
    // Few heads are cut among the threads, each of which then packs the keys and values.
    let parts = count >= pool.threads ? 1 : min(blocks, (2 * pool.threads + count - 1) / count)
    pool.run(tasks: count * parts) { task, worker in
      let (index, part) = task.quotientAndRemainder(dividingBy: parts)
      let head = head(index)
      let memory = scratch + worker * workerFloats
      kernels.pack(keys.transposed, factor: factor, head.keys, to: memory)
      kernels.pack(values, factor: 1, head.values, to: memory + keyFloats)
      for block in part * blocks / parts..<(part + 1) * blocks / parts {
        let first = block * Self.blockRows
        attend(first..<min(first + Self.blockRows, queries.rows), head, memory)
      }
    }
  }

  private func attend(_ rows: Range<Int>, _ head: Head, _ memory: UnsafeMutablePointer<Float>) {
    let scores = memory + keyFloats + valueFloats
    let packedQueries = scores + scoreFloats
    let pointers = alignedPointers(packedQueries + queryFloats)
    let start = head.queries + rows.lowerBound * queries.rowStep
    if queries.hasContiguousRows {
      kernels.fillPointers(pointers, rows: rows.count, start, step: queries.rowStep)
    } else {
      kernels.packRows(rows.count, queries.columns, start, queries.rowStep, queries.columnStep, packedQueries)
      kernels.fillPointers(pointers, rows: rows.count, packedQueries, step: queries.columns)
    }
    // The panels' zeros make the columns beyond the last key zero.
    product(rows.count, pointers, depth: queries.columns, memory, columns: scoreStep, scores, scoreStep)
    kernels.fillPointers(pointers, rows: rows.count, scores, step: scoreStep)
    let output = head.output + rows.lowerBound * rowStep
    withUnsafeTemporaryAllocation(of: Float.self, capacity: rows.count) { factors in
      for row in rows {
        let sum = kernels.attentionRow(
          keys.rows, scores + (row - rows.lowerBound) * scoreStep, head.biases.0.map { $0 + row * biasSteps.0 },
          head.biases.1.map { $0 + row * biasSteps.1 }, fresh.start)
        factors[row - rows.lowerBound] = 1 / sum
      }
      product(
        rows.count, pointers, depth: keys.rows, memory + keyFloats, columns: values.columns, output, rowStep)
      for row in 0..<rows.count {
        let to = output + row * rowStep
        kernels.combineRun(.multiply, values.columns, to, 1, factors.baseAddress! + row, 0, to)
      }
    }
  }

  private func product(
    _ rows: Int, _ pointers: UnsafeMutablePointer<UnsafePointer<Float>>, depth: Int,
    _ panels: UnsafeMutablePointer<Float>, columns: Int, _ output: UnsafeMutablePointer<Float>, _ outputStep: Int
  ) {
    kernels.multiply(
      FloatBlock(
        pointers: UnsafePointer(pointers), rows: rows, positions: 1, depth: depth, panels: panels, columns: columns,
        start: UnsafePointer(zeros.start),
        epilogue: FloatEpilogue(
          residual: nil, residualStride: 0, output: output, outputStride: outputStep, low: -.infinity,
          high: .infinity)))
  }
}
