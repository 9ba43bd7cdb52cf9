// NumPy-style broadcasting at run time: merges dimensions once at compile time, then visits one row at a time.

internal import Kernels

/// The loop over operands that broadcast: rows of the last dimensions, and where each row starts. Neighbouring dimensions
/// along which every operand moves alike are one.
struct BroadcastLoop: Sendable {
  /// Where a row starts in the result and in up to three operands, and how many elements it has.
  struct Row {
    var output = 0
    var a = 0
    var b = 0
    var c = 0
    var count = 0
  }

  /// Elements between neighbours in a row: 1, or 0 for an operand that has one element there.
  let stepA: Int
  let stepB: Int
  let stepC: Int
  private let width: Int
  /// The dimensions before the row; the first counts per item of the batch.
  private let outer: [Int]
  /// Per operand how far it moves along them.
  private let strides: [[Int]]

  /// A row of more elements is cut, so that several threads can share it.
  private static let maximumWidth = 16_384

  init(_ a: BufferView, _ b: BufferView? = nil, _ c: BufferView? = nil, output: BufferView) {
    let rank = max(output.dimensions.count, 1)
    var dimensions = Array(repeating: 1, count: rank - output.dimensions.count) + output.dimensions
    var strides = [a, b ?? a, c ?? a].map { BroadcastLoop.strides($0, along: dimensions) }
    // The first dimension stays, because there are as many of it as the batch says.
    var axis = rank - 2
    while axis >= 1 {
      if strides.allSatisfy({ $0[axis] == $0[axis + 1] * dimensions[axis + 1] }) {
        dimensions[axis] *= dimensions[axis + 1]
        dimensions.remove(at: axis + 1)
        for operand in strides.indices {
          strides[operand][axis] = strides[operand][axis + 1]
          strides[operand].remove(at: axis + 1)
        }
      }
      axis -= 1
    }
    width = dimensions.last ?? 1
    (stepA, stepB, stepC) = (strides[0].last ?? 1, strides[1].last ?? 1, strides[2].last ?? 1)
    outer = Array(dimensions.dropLast())
    self.strides = strides.map { Array($0.dropLast()) }
  }

  /// A dimension of 1 stands still, but for the first of a batched operand: there it is 1 per item.
  private static func strides(_ view: BufferView, along dimensions: [Int]) -> [Int] {
    var strides = StridedView(broadcasting: view.dimensions, to: dimensions).strides
    if view.isBatched { strides[0] = view.count / max(view.dimensions[0], 1) }
    return strides
  }

  /// `body` for every row of `items` items.
  func forEachRow(items: Int, pool: ThreadPool, _ body: (Row) -> Void) {
    // With one dimension alone, that is the batch, and the items are the row.
    let width = outer.isEmpty ? width * items : width
    let rows = outer.isEmpty ? 1 : outer.reduce(1, *) * items
    let pieces = max(1, (width + BroadcastLoop.maximumWidth - 1) / BroadcastLoop.maximumWidth)
    let piece = (width + pieces - 1) / pieces
    rowsInRuns(rows * pieces, width: piece, pool: pool) { range in
      var position = Position(range.lowerBound, pieces: pieces, self)
      for _ in range {
        let start = position.piece * piece
        let row = Row(
          output: position.row * width + start, a: position.offsets.a + start * stepA,
          b: position.offsets.b + start * stepB, c: position.offsets.c + start * stepC,
          count: min(piece, width - start))
        if row.count > 0 { body(row) }
        position.advance(pieces: pieces, self)
      }
    }
  }

  /// Where the loop is: counted on from row to row, since a division for every axis of every row costs as much as a short row.
  private struct Position {
    var row: Int
    var piece: Int
    var offsets = (a: 0, b: 0, c: 0)
    private var index: [Int]

    init(_ task: Int, pieces: Int, _ loop: BroadcastLoop) {
      (row, piece) = task.quotientAndRemainder(dividingBy: pieces)
      index = Array(repeating: 0, count: loop.outer.count)
      var rest = row
      for axis in loop.outer.indices.reversed() {
        if axis > 0 {
          (rest, index[axis]) = rest.quotientAndRemainder(dividingBy: loop.outer[axis])
        } else {
          index[0] = rest
        }
        move(axis, by: index[axis], loop)
      }
    }

    private mutating func move(_ axis: Int, by count: Int, _ loop: BroadcastLoop) {
      offsets.a += count * loop.strides[0][axis]
      offsets.b += count * loop.strides[1][axis]
      offsets.c += count * loop.strides[2][axis]
    }

    mutating func advance(pieces: Int, _ loop: BroadcastLoop) {
      piece += 1
      if piece < pieces { return }
      piece = 0
      row += 1
      var axis = loop.outer.count - 1
      while axis >= 0 {
        index[axis] += 1
        move(axis, by: 1, loop)
        if axis == 0 || index[axis] < loop.outer[axis] { return }
        move(axis, by: -index[axis], loop)
        index[axis] = 0
        axis -= 1
      }
    }
  }

  /// `output[i] = operation(a[i], b[i])` for one row, with the steps of this loop.
  @inline(__always)
  func combine<A, B, Result>(
    _ row: Row, _ a: UnsafePointer<A>, _ b: UnsafePointer<B>, _ output: UnsafeMutablePointer<Result>,
    _ operation: (A, B) -> Result
  ) {
    let (a, b, output) = unsafe (a + row.a, b + row.b, output + row.output)
    switch (stepA, stepB) {
    case (1, 1): for i in 0..<row.count { unsafe output[i] = operation(a[i], b[i]) }
    case (1, 0):
      let constant = unsafe b[0]
      for i in 0..<row.count { unsafe output[i] = operation(a[i], constant) }
    case (0, 1):
      let constant = unsafe a[0]
      for i in 0..<row.count { unsafe output[i] = operation(constant, b[i]) }
    default:
      for i in 0..<row.count { unsafe output[i] = operation(a[i &* stepA], b[i &* stepB]) }
    }
  }
}
