// Splitting into parts along one axis: explicit or equal sizes, one copy per part.

internal import Elements
internal import Kernels

/// Split: a tensor cut into parts along one axis. Operands: data and, since opset 13, the parts' sizes, a constant.
package struct Split: Operator, Computation {
  package let name = "Split"
  let axis: Int
  /// nil: operand 1's, or equal parts.
  let sizes: [Int]?
  /// How many results the node has.
  let parts: Int

  package init(axis: Int, sizes: [Int]?, parts: Int) {
    self.axis = axis
    self.sizes = sizes
    self.parts = parts
  }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 2)
    let operand = try operands.operand(0)
    let axis = try operand.shape.axis(axis)
    let sizes = try checked(try operands.integers(sizes, or: 1), operand.shape.dimensions[axis])
    if operand.shape.isBatched && axis == 0 { throw .dynamicShape }
    if operand.shape.dimensions[axis] > Select.limit { throw .overflow }
    var (shapes, constants, start): ([Shape], [Tensor], Int) = ([], [], 0)
    for size in sizes {
      let part = Select(name: name, positions: selection(start, size, axis, operand.shape.rank))
      shapes.append(try part.shape(of: operand.shape))
      if operand.constant != nil, case .constants(let folded) = try part.resolve(operand) {
        constants += folded
      }
      start += size
    }
    if operand.constant != nil { return .constants(constants) }
    _ = try operands.elements(0)
    if shapes.contains(where: { $0.count == 0 }) { throw .emptyTensor }
    return operands.computed(Split(axis: axis, sizes: sizes, parts: parts), reads: [0], shapes: shapes)
  }

  private func checked(_ stated: [Int]?, _ size: Int) throws(GraphError) -> [Int] {
    if let stated {
      var total = 0
      for part in stated {
        guard part >= 0, part <= size else { throw .attribute("split") }
        total += part
      }
      guard stated.count == parts, total == size else { throw .attribute("split") }
      return stated
    }
    guard parts > 0, parts <= max(size, 1) else { throw .attribute("num_outputs") }
    // Since opset 18 the last part may be smaller.
    let part = (size + parts - 1) / parts
    let last = size - part * (parts - 1)
    guard last >= 0 else { throw .attribute("num_outputs") }
    return Array(repeating: part, count: parts - 1) + [last]
  }

  private func selection(_ start: Int, _ size: Int, _ axis: Int, _ rank: Int) -> [[Int]?] {
    (0..<rank).map { $0 == axis ? Array(start..<start + size) : nil }
  }

  package var layoutRule: LayoutRule { .either }

  package func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, targets) = (context.inputs[0], context.outputs)
    let axis = context.layout.position(of: axis)
    let inner = source.dimensions[(axis + 1)...].reduce(1, *)
    let outer = source.dimensions[..<axis].reduce(1, *)
    let row = source.dimensions[axis] * inner
    let size = source.element.byteCount
    return Kernel { run in
      let input = unsafe run.read(source, as: UInt8.self)
      var start = 0
      for target in targets {
        let width = target.dimensions[axis] * inner
        let output = unsafe run.write(target, as: UInt8.self)
        rowsInRuns(outer * run.items(source), width: width, pool: run.pool) { [start] rows in
          for index in rows {
            unsafe (output + index * width * size)
              .update(from: input + (index * row + start) * size, count: width * size)
          }
        }
        start += width
      }
    }
  }
}
