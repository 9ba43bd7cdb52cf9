internal import Kernels

/// The loop over two operands that broadcast: rows of the last dimension, and where each row starts.
struct BroadcastLoop: Sendable {
  /// Elements between neighbours in a row: 1, or 0 for an operand that has one element there.
  let stepA: Int
  let stepB: Int
  private let width: Int
  /// The dimensions before the last, the first per item, and how far each operand moves along them.
  private let outer: [Int]
  private let stridesA: [Int]
  private let stridesB: [Int]

  init(_ a: BufferView, _ b: BufferView, _ output: BufferView) {
    let rank = max(output.dimensions.count, 1)
    let dimensions = Array(repeating: 1, count: rank - output.dimensions.count) + output.dimensions
    let left = BroadcastLoop.strides(a, along: dimensions)
    let right = BroadcastLoop.strides(b, along: dimensions)
    width = dimensions[rank - 1]
    stepA = left[rank - 1]
    stepB = right[rank - 1]
    outer = Array(dimensions.dropLast())
    stridesA = Array(left.dropLast())
    stridesB = Array(right.dropLast())
  }

  /// A dimension of 1 stands still, but for the first of a batched operand: there it is 1 per item.
  private static func strides(_ view: BufferView, along dimensions: [Int]) -> [Int] {
    var strides = StridedView(broadcasting: view.dimensions, to: dimensions).strides
    if view.isBatched { strides[0] = view.count / max(view.dimensions[0], 1) }
    return strides
  }

  /// `body(start in a, start in b, start in output, count)` for every row of `items` items.
  func forEachRow(items: Int, pool: ThreadPool, _ body: (Int, Int, Int, Int) -> Void) {
    let rows = outer.reduce(1, *) * items
    rowsInRuns(rows, width: width, pool: pool) { range in
      for row in range {
        var (rest, startA, startB) = (row, 0, 0)
        for axis in outer.indices.reversed() where axis > 0 {
          let (quotient, index) = rest.quotientAndRemainder(dividingBy: outer[axis])
          startA += index * stridesA[axis]
          startB += index * stridesB[axis]
          rest = quotient
        }
        if !outer.isEmpty {
          startA += rest * stridesA[0]
          startB += rest * stridesB[0]
        }
        body(startA, startB, row * width, width)
      }
    }
  }
}
