// How a computation reaches an operand's elements through what only rearranges them: dimensions, strides and an offset.

/// The elements of one item of a value, addressed in the memory of another that it is a rearrangement of.
struct StridedAccess: Sendable, Equatable {
  var dimensions: [Int]
  var strides: [Int]
  var offset = 0

  /// A value's own memory, in C order.
  init(_ dimensions: [Int]) {
    self.dimensions = dimensions
    strides = rowMajorStrides(dimensions)
  }

  /// With the last two axes swapped.
  var transposed: StridedAccess {
    var result = self
    let last = dimensions.count - 1
    result.dimensions.swapAt(last - 1, last)
    result.strides.swapAt(last - 1, last)
    return result
  }

  /// The same elements in the memory of a source, of which the memory addressed so far is `view`, `start` elements in. nil where an axis
  /// would need more than one stride.
  func through(_ view: StridedView, start: Int) -> StridedAccess? {
    let steps = rowMajorStrides(view.dimensions)
    var result = self
    result.offset = start
    // The largest position along each axis of the view that is reached: beyond its end a position would run into the next one's.
    var reached = Array(repeating: 0, count: steps.count)
    for axis in steps.indices {
      reached[axis] = offset / steps[axis] % max(view.dimensions[axis], 1)
      result.offset += reached[axis] * view.strides[axis]
    }
    /// The stride in the source of `count` elements that are `step` apart in the view.
    func stride(_ count: Int, _ step: Int) -> Int? {
      guard let axis = steps.indices.first(where: { view.dimensions[$0] > 1 && steps[$0] <= step }),
        step % steps[axis] == 0
      else { return nil }
      let (pace, size) = (step / steps[axis], view.dimensions[axis])
      if (count - 1) * pace < size {
        reached[axis] += (count - 1) * pace
        return pace * view.strides[axis]
      }
      // Goes on along an outer axis, at the same stride or not at all.
      guard size % pace == 0, count % (size / pace) == 0 else { return nil }
      let inner = size / pace
      reached[axis] += (inner - 1) * pace
      guard let outer = stride(count / inner, step * inner), outer == pace * view.strides[axis] * inner else {
        return nil
      }
      return pace * view.strides[axis]
    }
    for axis in dimensions.indices where dimensions[axis] > 1 && strides[axis] != 0 {
      guard let stride = stride(dimensions[axis], strides[axis]) else { return nil }
      result.strides[axis] = stride
    }
    guard zip(reached, view.dimensions).allSatisfy({ $0 < max($1, 1) }) else { return nil }
    return result
  }
}

/// The matrices of an operand, counted through its leading axes.
struct MatrixSequence: Sendable {
  private let dimensions: [Int]
  private let strides: [Int]
  private let offset: Int

  /// - Parameters:
  ///   - access: (…, rows, columns); leading axes of 1 and missing ones are repeated.
  ///   - leading: the axes that matrices are counted along.
  init(_ access: StridedAccess, leading: [Int]) {
    let own = access.dimensions.count - 2
    dimensions = leading
    offset = access.offset
    strides = leading.indices.map { axis in
      let position = axis - (leading.count - own)
      return position < 0 || access.dimensions[position] == 1 ? 0 : access.strides[position]
    }
  }

  /// Where matrix `index` begins.
  func start(_ index: Int) -> Int {
    var (rest, start) = (index, offset)
    for axis in dimensions.indices.reversed() {
      let position: Int
      (rest, position) = rest.quotientAndRemainder(dividingBy: dimensions[axis])
      start += position * strides[axis]
    }
    return start
  }
}

/// A computation that reads its first operands, matrices, wherever their elements are, and writes its result likewise.
protocol ReadsThroughViews: Computation {
  /// Of each operand that may be read so; nil: its own memory in C order.
  var accesses: [StridedAccess?] { get set }
  /// Of the result.
  var resultAccess: StridedAccess? { get set }
}
