// Strided access to a tensor in C order: permuted, broadcast and merged dimensions.

/// A tensor's elements in another order, or repeated: dimensions, and how far the source moves along each.
struct StridedView: Sendable {
  let dimensions: [Int]
  let strides: [Int]

  init(dimensions: [Int], strides: [Int]) {
    self.dimensions = dimensions
    self.strides = strides
  }

  /// A tensor in C order stretched to `target`: dimensions are aligned at the end, and those of 1 stand still.
  init(broadcasting dimensions: [Int], to target: [Int]) {
    let aligned = Array(repeating: 1, count: target.count - dimensions.count) + dimensions
    let strides = rowMajorStrides(aligned)
    self.init(dimensions: target, strides: aligned.indices.map { aligned[$0] == 1 ? 0 : strides[$0] })
  }

  /// A tensor in C order with its axes in the order `permutation`.
  init(permuting dimensions: [Int], _ permutation: [Int]) {
    let strides = rowMajorStrides(dimensions)
    self.init(dimensions: permutation.map { dimensions[$0] }, strides: permutation.map { strides[$0] })
  }

  var count: Int { dimensions.reduce(1, *) }

  /// `body(position in the view, position in the source)` for every element, in the view's order.
  func visit(_ body: (Int, Int) -> Void) {
    guard count > 0 else { return }
    guard let width = dimensions.last, let step = strides.last else { return body(0, 0) }
    var index = Array(repeating: 0, count: dimensions.count - 1)
    var (target, source) = (0, 0)
    while true {
      for column in 0..<width { body(target &+ column, source &+ column &* step) }
      target += width
      var axis = index.count - 1
      while axis >= 0 {
        index[axis] += 1
        source += strides[axis]
        if index[axis] < dimensions[axis] { break }
        source -= dimensions[axis] * strides[axis]
        index[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }

  /// The same elements in fewer dimensions: neighbours that are one run in the source are one dimension.
  var merged: StridedView {
    var (sizes, steps): ([Int], [Int]) = ([], [])
    for (size, step) in zip(dimensions, strides) where size != 1 {
      if let last = steps.last, last == step * size {
        sizes[sizes.count - 1] *= size
        steps[steps.count - 1] = step
      } else {
        sizes.append(size)
        steps.append(step)
      }
    }
    return sizes.isEmpty
      ? StridedView(dimensions: [count], strides: [1]) : StridedView(dimensions: sizes, strides: steps)
  }

  /// `body(position in the view, position in the source, elements, elements of the source from one to the next)` for every
  /// run of the last dimension, in the view's order.
  func visitRows(_ body: (Int, Int, Int, Int) -> Void) {
    guard count > 0 else { return }
    guard let width = dimensions.last, let step = strides.last else { return body(0, 0, 1, 1) }
    StridedView(dimensions: Array(dimensions.dropLast()), strides: Array(strides.dropLast())).visit { row, source in
      body(row * width, source, width, step)
    }
  }

  /// The position in the source of every element of the view.
  var positions: [Int] {
    var result: [Int] = []
    result.reserveCapacity(count)
    visit { result.append($1) }
    return result
  }

  func gather<Element>(_ elements: [Element]) -> [Element] {
    var result: [Element] = []
    result.reserveCapacity(count)
    visit { result.append(elements[$1]) }
    return result
  }
}

/// Elements between neighbours along each axis of a tensor in C order.
func rowMajorStrides(_ dimensions: [Int]) -> [Int] {
  var strides = Array(repeating: 1, count: dimensions.count)
  for axis in dimensions.indices.dropLast().reversed() {
    strides[axis] = strides[axis + 1] &* max(dimensions[axis + 1], 1)
  }
  return strides
}
