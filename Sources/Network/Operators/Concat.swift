internal import Kernels

/// Concat along one axis. In channels-last layout along the channels a part that was written in its place already is
/// not copied.
public struct Concat: Operator {
  public let name = "Concat"
  public let axis: Int

  public init(axis: Int) { self.axis = axis }

  public func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
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
    for position in parts.indices { _ = try operands.activation(position) }
    if parts.count == 1 { return .operand(0) }
    return .computed(Concat(axis: axis), reads: Array(parts.indices), shapes: [shape])
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

  public var layoutRule: LayoutRule { .either }
  public var takesSlices: Bool { axis == 1 }

  public func compile(_ site: Site) throws(GraphError) -> Kernel? {
    let target = site.outputs[0]
    let axis = site.layout.position(of: axis)
    let inner = target.dimensions[(axis + 1)...].reduce(1, *)
    let rows = target.dimensions[..<axis].reduce(1, *)
    // Channels-last along the channels: rows are pixels, and a stride may be wider than its part.
    let byPixel = axis == target.dimensions.count - 1
    let row = byPixel ? target.stride : target.dimensions[axis] * inner
    var (copies, start): ([(Place, Int, Int, Int)], Int) = ([], 0)
    for source in site.inputs {
      let width = source.dimensions[axis] * inner
      if !source.isSlice(of: target, at: start) {
        copies.append((source, width, byPixel ? source.stride : width, start))
      }
      start += width
    }
    if copies.isEmpty { return nil }
    return Kernel { [copies] frame in
      let output = unsafe frame.write(target)
      for (source, width, stride, start) in copies {
        let input = unsafe frame.read(source)
        rowsInRuns(rows * frame.items(target), width: width, pool: frame.pool) { range in
          for index in range {
            unsafe (output + index * row + start).update(from: input + index * stride, count: width)
          }
        }
      }
    }
  }
}

extension Place {
  /// Whether this place lies inside `whole`, `start` floats into each of its rows.
  func isSlice(of whole: Place, at start: Int) -> Bool {
    guard case .arena(let own) = memory, case .arena(let other) = whole.memory else { return false }
    return own == other + start && stride == whole.stride
  }
}
