// Operators that change dimensions and keep the elements, resolved to views.

/// Reshape, Flatten, Squeeze and Unsqueeze: the same elements under other dimensions. Never computes anything.
package struct Reshape: Operator {
  package enum Target: Sendable {
    /// Operand 1 has the dimensions: −1 is worked out, and 0 copies unless `allowZero`.
    case dimensions(allowZero: Bool)
    /// Two dimensions: those before `axis` and the rest.
    case flatten(axis: Int)
    /// Removes dimensions of 1: these, or operand 1's, or all.
    case squeeze(axes: [Int]?)
    /// Inserts dimensions of 1 at these positions of the result, or at operand 1's.
    case unsqueeze(axes: [Int]?)
  }

  let name: String
  let target: Target

  package init(_ name: String, _ target: Target) {
    self.name = name
    self.target = target
  }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 2)
    let operand = try operands.operand(0)
    let extents = try extents(of: operand.shape, operands)
    if let constant = operand.constant {
      return .constants([try constant.reshaped(try Shape(extents).dimensions)])
    }
    let input = try operands.elements(0)
    let shape = try Shape(extents)
    guard shape.isBatched == input.isBatched else { throw .dynamicShape }
    guard shape.count == input.count else { throw .shapes([input, shape]) }
    return operands.computed(View(name: name), reads: [0], shapes: [shape])
  }

  private func extents(of input: Shape, _ operands: Operands) throws(GraphError) -> [Extent] {
    switch target {
    case .dimensions(let allowZero):
      return try reshaped(input, to: try operands.constant(1).extents, allowZero: allowZero)
    case .flatten(let axis):
      guard axis >= -input.rank, axis <= input.rank else { throw .axis(axis, rank: input.rank) }
      let split = axis < 0 ? axis + input.rank : axis
      return [try product(input.extents[..<split]), try product(input.extents[split...])]
    case .squeeze(let axes):
      let listed = try operands.integers(axes, or: 1)
      var removed = Set<Int>()
      for axis in listed ?? input.dimensions.indices.filter({ input.extents[$0] == Extent(1) }) {
        removed.insert(try input.axis(axis))
      }
      guard removed.allSatisfy({ input.extents[$0] == Extent(1) }) else { throw .shapes([input]) }
      return input.extents.enumerated().filter { !removed.contains($0.offset) }.map(\.element)
    case .unsqueeze(let axes):
      guard let listed = try operands.integers(axes, or: 1) else { throw .missingOperand(1) }
      let rank = input.rank + listed.count
      var inserted = Set<Int>()
      for axis in listed { inserted.insert(try normalized(axis: axis, rank: rank)) }
      guard inserted.count == listed.count else { throw .attribute("axes") }
      var rest = input.extents[...]
      var result: [Extent] = []
      for axis in 0..<rank { result.append(inserted.contains(axis) ? Extent(1) : rest.removeFirst()) }
      return result
    }
  }

  private func reshaped(_ input: Shape, to target: [Extent], allowZero: Bool) throws(GraphError) -> [Extent] {
    var result: [Extent] = []
    var unknown: Int?
    for (axis, extent) in target.enumerated() {
      if extent == Extent(-1) {
        if unknown != nil { throw .attribute("shape") }
        unknown = axis
        result.append(Extent(1))
      } else if extent == Extent(0) && !allowZero {
        guard axis < input.rank else { throw .axis(axis, rank: input.rank) }
        result.append(input.extents[axis])
      } else {
        result.append(extent)
      }
    }
    if let unknown {
      let (total, known) = (try product(input.extents[...]), try product(result[...]))
      guard known.count > 0, total.count % known.count == 0 else { throw .shapes([input]) }
      result[unknown] = try total / known
    }
    return result
  }

  private func product(_ extents: ArraySlice<Extent>) throws(GraphError) -> Extent {
    var result = Extent(1)
    for extent in extents { result = try result * extent }
    return result
  }
}
