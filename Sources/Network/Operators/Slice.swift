// Slicing with constant bounds, resolved to a selection of source positions per axis.

/// Slice: from `starts` towards `ends` in `steps` along `axes`, all constants; NumPy's rules for negative numbers.
/// Operands: data, starts, ends, axes?, steps?.
package struct Slice: Operator {
  let name = "Slice"

  package init() {}

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 5)
    let input = try operands.operand(0).shape
    let starts = try operands.constant(1).integers
    let ends = try operands.constant(2).integers
    let axes = try operands.integers(nil, or: 3) ?? Array(starts.indices)
    let steps = try operands.integers(nil, or: 4) ?? starts.map { _ in 1 }
    guard starts.count == ends.count, axes.count == starts.count, steps.count == starts.count else {
      throw .attribute("starts")
    }
    var positions = [[Int]?](repeating: nil, count: input.rank)
    for index in axes.indices {
      let axis = try input.axis(axes[index])
      guard positions[axis] == nil else { throw .attribute("axes") }
      let size = input.dimensions[axis]
      if input.isBatched && axis == 0 {
        // The batch can only be taken whole.
        guard starts[index] == 0, steps[index] == 1, ends[index] >= Int(Int32.max) else { throw .dynamicShape }
        continue
      }
      if size > Select.limit { throw .overflow }
      let taken = try Slice.taken(starts[index], ends[index], steps[index], size: size)
      if taken != Array(0..<size) { positions[axis] = taken }
    }
    return try Select(name: name, positions: positions).resolve(try operands.operand(0))
  }

  private static func taken(_ start: Int, _ end: Int, _ step: Int, size: Int) throws(GraphError) -> [Int] {
    guard step != 0, step > Int.min else { throw .attribute("steps") }
    func absolute(_ position: Int) -> Int { position < 0 ? max(position, -size - 1) + size : min(position, size) }
    if step > 0 {
      let (first, last) = (max(absolute(start), 0), max(absolute(end), 0))
      return Array(stride(from: first, to: last, by: min(step, size + 1)))
    }
    let (first, last) = (min(absolute(start), size - 1), max(absolute(end), -1))
    return first < 0 ? [] : Array(stride(from: first, to: last, by: max(step, -size - 1)))
  }
}
