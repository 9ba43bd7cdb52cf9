// Removes the copies of transposes, slices and splits around products of matrices, which can read and write with strides.

/// A product of matrices reads what its operands are rearranged from, and writes where a transpose of its result would: no transposes in
/// between. Runs when layouts are known.
extension Graph {
  mutating func absorbViews() {
    let uses = Uses(self)
    var removed = Set<Int>()
    for index in nodes.indices {
      guard var computation = nodes[index].computation as? any ReadsThroughViews,
        (computation as? MatrixProduct)?.hasVectors != true
      else { continue }
      for position in computation.accesses.indices {
        let (source, access) = source(of: nodes[index].inputs[position], uses, without: removed)
        guard let access else { continue }
        nodes[index].inputs[position] = source
        computation.accesses[position] = access
      }
      let result = nodes[index].outputs[0]
      if computation.resultAccess == nil, let reader = uses.onlyReader(of: result),
        let transpose = nodes[reader].computation as? Permutation
      {
        let dimensions = shape(result).dimensions
        let steps = rowMajorStrides(StridedView(permuting: dimensions, transpose.order).dimensions)
        var access = StridedAccess(dimensions)
        for (position, axis) in transpose.order.enumerated() { access.strides[axis] = steps[position] }
        if access.strides.last == 1 {
          computation.resultAccess = access
          nodes[index].outputs = nodes[reader].outputs
          removed.insert(reader)
        }
      }
      nodes[index].computation = computation
    }
    removeNodes(removed)
    removeUnused()
  }

  /// What `id` is rearranged from, as far as one of the last two axes stays contiguous; nil where it is computed itself. A node in
  /// `removed` is a transpose that the product before it has taken over: the product writes the transpose's result.
  private func source(of id: ValueID, _ uses: Uses, without removed: Set<Int>) -> (ValueID, StridedAccess?) {
    var (current, found) = (id, id)
    var access = StridedAccess(shape(id).dimensions)
    var result: StridedAccess?
    while let writer = uses.writer(of: current), !removed.contains(writer),
      let next = access.passed(nodes[writer], current, self)
    {
      access = next
      current = nodes[writer].inputs[0]
      let last = zip(access.dimensions, access.strides).suffix(2)
      let isContiguous = last.contains { $0.0 == 1 || $0.1 == 1 }
      if isContiguous && !(nodes[writer].computation is View) { (found, result) = (current, access) }
    }
    return (found, result)
  }
}

extension StridedAccess {
  /// This access to `value`, which `node` makes, in the memory of the node's operand.
  fileprivate func passed(_ node: Graph.Node, _ value: Graph.ValueID, _ graph: Graph) -> StridedAccess? {
    guard let input = node.inputs.first, graph[input].constant == nil,
      graph.shape(input).isBatched == graph.shape(value).isBatched
    else { return nil }
    let stored = graph[input].layout.stored(of: graph.shape(input))
    switch node.computation {
    case is View:
      return graph.shape(input).count == graph.shape(value).count ? self : nil
    case let transpose as Permutation:
      return through(StridedView(permuting: stored, transpose.order), start: 0)
    case let conversion as LayoutConversion:
      let order = conversion.to == .channelsLast ? [0, 2, 3, 1] : [0, 3, 1, 2]
      return through(StridedView(permuting: stored, order), start: 0)
    case let select as Select:
      guard !select.fills else { return nil }
      return selected(graph[value].layout.stored(select.positions), from: stored)
    case let split as Split:
      let axis = graph[value].layout.position(of: split.axis)
      var (positions, start): ([[Int]?], Int) = (Array(repeating: nil, count: stored.count), 0)
      for output in node.outputs {
        let size = graph[output].layout.stored(of: graph.shape(output))[axis]
        if output == value { positions[axis] = Array(start..<start + size) }
        start += size
      }
      return selected(positions, from: stored)
    default: return nil
    }
  }

  /// Through a selection of positions that are equally far apart along each axis.
  private func selected(_ positions: [[Int]?], from dimensions: [Int]) -> StridedAccess? {
    guard positions.count == dimensions.count else { return nil }
    var (sizes, strides, start) = (dimensions, rowMajorStrides(dimensions), 0)
    for (axis, positions) in positions.enumerated() {
      guard let positions else { continue }
      guard let first = positions.first else { return nil }
      let step = positions.count > 1 ? positions[1] - first : 1
      guard step > 0, positions.indices.allSatisfy({ positions[$0] == first + $0 * step }) else { return nil }
      start += first * strides[axis]
      sizes[axis] = positions.count
      strides[axis] *= step
    }
    return through(StridedView(dimensions: sizes, strides: strides), start: start)
  }
}
