// Gather: resolved to a selection where the indices are constant, else to `GatherScatter`.

/// Gather: the positions that operand 1 names along one axis.
package struct Gather: Operator {
  let name = "Gather"
  let axis: Int

  package init(axis: Int) { self.axis = axis }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 2)
    let input = try operands.operand(0).shape
    guard let indices = try operands.operand(1).constant else {
      return try GatherScatter(.gather(axis: axis)).resolve(operands)
    }
    let axis = try input.axis(axis)
    let size = input.dimensions[axis]
    var taken: [Int] = []
    for index in try indices.integers {
      guard index >= -size, index < size else { throw .axis(index, rank: size) }
      taken.append(index < 0 ? index + size : index)
    }
    var positions = [[Int]?](repeating: nil, count: input.rank)
    positions[axis] = taken
    let dimensions =
      Array(input.dimensions[..<axis]) + indices.dimensions + Array(input.dimensions[(axis + 1)...])
    return try Select(name: name, positions: positions, dimensions: dimensions)
      .resolve(try operands.operand(0))
  }
}
