// Concatenation: shape inference, folding of constants, and the copy of parts that are not written in place.

internal import Elements
internal import Kernels

/// Concat along one axis. In channels-last layout along the channels a part that was written in its place already is
/// not copied.
package struct Concat: Operator, Computation {
  package let name = "Concat"
  let axis: Int

  package init(axis: Int) { self.axis = axis }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    let first = try operands.operand(0)
    let axis = try first.shape.axis(axis)
    var extents = first.shape.extents
    var parts = [first]
    for position in 1..<max(operands.count, 1) {
      let part = try operands.operand(position)
      guard part.type == first.type else { throw .elementType(part.type) }
      guard part.shape.rank == first.shape.rank else { throw .shapes([first.shape, part.shape]) }
      for other in extents.indices where other != axis && extents[other] != part.shape.extents[other] {
        throw .shapes([first.shape, part.shape])
      }
      extents[axis] = try extents[axis] + part.shape.extents[axis]
      parts.append(part)
    }
    let shape = try Shape(extents)
    if parts.allSatisfy({ $0.constant != nil }) { return .constants([try folded(parts, axis, shape)]) }
    if shape.isBatched && axis == 0 { throw .dynamicShape }
    for position in parts.indices { _ = try operands.elements(position) }
    if parts.count == 1 { return .operand(0) }
    return operands.computed(Concat(axis: axis), reads: Array(parts.indices), shapes: [shape])
  }

  private func folded(_ parts: [Operand], _ axis: Int, _ shape: Shape) throws(GraphError) -> Tensor {
    let outer = shape.dimensions[..<axis].reduce(1, *)
    let type = parts[0].type
    if type.isFloating {
      var sources: [[Float]] = []
      for part in parts { sources.append(try part.constant?.floats ?? []) }
      return try Tensor(type: type, dimensions: shape.dimensions, floats: interleaved(sources, outer))
    }
    var sources: [[Extent]] = []
    for part in parts { sources.append(try part.constant?.extents ?? []) }
    return try Tensor(type: type, dimensions: shape.dimensions, extents: interleaved(sources, outer))
  }

  private func interleaved<Element>(_ sources: [[Element]], _ outer: Int) -> [Element] {
    var result: [Element] = []
    for row in 0..<outer {
      for source in sources {
        let width = source.count / outer
        result += source[row * width..<(row + 1) * width]
      }
    }
    return result
  }

  package var layoutRule: LayoutRule { .either }
  package var takesSlices: Bool { axis == 1 }

  package func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let target = context.outputs[0]
    let axis = context.layout.position(of: axis)
    let inner = target.dimensions[(axis + 1)...].reduce(1, *)
    let rows = target.dimensions[..<axis].reduce(1, *)
    // Channels-last along the channels: rows are pixels, and a stride may be wider than its part.
    let byPixel = axis == target.dimensions.count - 1
    let row = byPixel ? target.stride : target.dimensions[axis] * inner
    var (copies, start): ([(BufferView, Int, Int, Int)], Int) = ([], 0)
    for source in context.inputs {
      let width = source.dimensions[axis] * inner
      if !source.isSlice(of: target, at: start) {
        copies.append((source, width, byPixel ? source.stride : width, start))
      }
      start += width
    }
    if copies.isEmpty { return nil }
    let size = target.element.byteCount
    return Kernel { [copies] run in
      let output = unsafe run.write(target, as: UInt8.self)
      for (source, width, stride, start) in copies {
        let input = unsafe run.read(source, as: UInt8.self)
        rowsInRuns(rows * run.items(target), width: width, pool: run.pool) { range in
          for index in range {
            unsafe (output + (index * row + start) * size)
              .update(from: input + index * stride * size, count: width * size)
          }
        }
      }
    }
  }
}
