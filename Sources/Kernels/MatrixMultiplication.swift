// Products of matrices of which neither is constant, many of one shape: attention's, where it is not computed as a whole.

internal import KernelTemplates

/// C = factor · A · B, over our register tile; both sides are packed at every call, into the caller's memory: any number of threads may
/// compute at once. An element's sum runs along the depth in one order, whatever the rows and columns around it.
public struct MatrixMultiplication: Sendable {
  private let a: RuntimeMatrix
  private let b: RuntimeMatrix
  /// Floats from row to row of C, whose columns follow one another.
  private let rowStep: Int
  private let factor: Float
  private let kernels: KernelTable
  private let zeros: TypedBuffer<Float>
  private let threads: Int

  /// Rows of A that stay in L2 while the panels pass by.
  private static let blockRows = 96

  /// - Parameter pool: later pools may have as many threads, not more.
  public init(
    a: RuntimeMatrix, b: RuntimeMatrix, rowStep: Int, factor: Float = 1, pool: ThreadPool,
    instructionSet: CPUFeatures = .current
  ) {
    precondition(a.columns == b.rows)
    self.a = a
    self.b = b
    self.rowStep = rowStep
    self.factor = factor
    kernels = instructionSet.kernels
    let panels = (b.columns + kernels.panelWidth - 1) / kernels.panelWidth
    zeros = TypedBuffer(repeating: 0, count: panels * kernels.panelWidth)
    threads = pool.threads
  }

  private var packedFloats: Int { kernels.panelFloats(depth: b.rows, columns: b.columns) }
  private var rowFloats: Int { a.hasContiguousRows ? 0 : wholeLines(Self.blockRows * a.columns) }
  private var workerFloats: Int {
    wholeLines(packedFloats) + rowFloats + kernels.pointerFloats(rows: Self.blockRows)
  }
  public var scratchFloats: Int { 16 + threads * workerFloats }

  /// `count` products; `operands(index)` says where A, B and C of each begin. `scratch`: `scratchFloats` floats.
  public func run(
    count: Int, scratch: UnsafeMutablePointer<Float>, pool: ThreadPool,
    operands: (Int) -> (a: UnsafePointer<Float>, b: UnsafePointer<Float>, c: UnsafeMutablePointer<Float>)
  ) {
    precondition(pool.threads <= threads)
    guard a.rows > 0, b.columns > 0 else { return }
    let blocks = (a.rows + Self.blockRows - 1) / Self.blockRows
    // Few products are cut among the threads, each of which then packs B.
    let parts = count >= pool.threads ? 1 : min(blocks, (2 * pool.threads + count - 1) / count)
    pool.run(tasks: count * parts) { task, worker in
      let (index, part) = task.quotientAndRemainder(dividingBy: parts)
      let pointers = operands(index)
      let panels = scratch + worker * workerFloats
      kernels.pack(b, factor: factor, pointers.b, to: panels)
      for block in part * blocks / parts..<(part + 1) * blocks / parts {
        let first = block * Self.blockRows
        multiply(
          rows: first..<min(first + Self.blockRows, a.rows), pointers.a, panels, pointers.c + first * rowStep,
          memory: panels + wholeLines(packedFloats))
      }
    }
  }

  private func multiply(
    rows: Range<Int>, _ left: UnsafePointer<Float>, _ panels: UnsafeMutablePointer<Float>,
    _ output: UnsafeMutablePointer<Float>, memory: UnsafeMutablePointer<Float>
  ) {
    let pointers = alignedPointers(memory + rowFloats)
    let start = left + rows.lowerBound * a.rowStep
    if a.hasContiguousRows {
      kernels.fillPointers(pointers, rows: rows.count, start, step: a.rowStep)
    } else {
      kernels.packRows(rows.count, a.columns, start, a.rowStep, a.columnStep, memory)
      kernels.fillPointers(pointers, rows: rows.count, memory, step: a.columns)
    }
    kernels.multiply(
      FloatBlock(
        pointers: UnsafePointer(pointers), rows: rows.count, positions: 1, depth: a.columns, panels: panels,
        columns: b.columns, start: UnsafePointer(zeros.start),
        epilogue: FloatEpilogue(
          residual: nil, residualStride: 0, output: output, outputStride: rowStep, low: -.infinity,
          high: .infinity)))
  }
}
