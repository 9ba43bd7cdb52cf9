internal import Kernels

/// Some positions along each axis, in any order, or a fill value where there is none: what Slice, Gather, Pad, Split's
/// parts and a stride that was pushed forward come down to.
struct Select: Operator {
  let name: String
  /// Per axis the source positions, −1 for the fill value; nil takes the axis as it is.
  let positions: [[Int]?]
  var fill: Float = 0
  /// The result's dimensions where Gather drops or adds axes; else one per axis.
  var dimensions: [Int]?

  /// No axis that is selected from may be longer: its positions are listed.
  static let limit = 1 << 20

  /// Throws where the batch itself would be selected from.
  func shape(of input: Shape) throws(GraphError) -> Shape {
    if input.isBatched && positions[0] != nil { throw .dynamicShape }
    return try input.with(dimensions ?? positions.enumerated().map { $0.element?.count ?? input.dimensions[$0.offset] })
  }

  func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    let operand = try operands.operand(0)
    if positions.allSatisfy({ $0 == nil }) && dimensions == nil { return .operand(0) }
    let shape = try shape(of: operand.shape)
    if let constant = operand.constant { return .constants([try folded(constant, shape)]) }
    _ = try operands.activation(0)
    if shape.count == 0 { throw .emptyTensor }
    return .computed(self, reads: [0], shapes: [shape])
  }

  private func folded(_ constant: Tensor, _ shape: Shape) throws(GraphError) -> Tensor {
    let loop = SelectLoop(constant.dimensions, positions)
    switch constant.contents {
    case .floats:
      let source = try constant.floats
      var floats = [Float](repeating: fill, count: shape.count)
      loop.forEachRun { target, from, count in for i in 0..<count { floats[target + i] = source[from + i] } }
      return try Tensor(type: constant.type, dimensions: shape.dimensions, floats: floats)
    case .integers(let source):
      guard let filling = Int(exactly: fill) else { throw .attribute("value") }
      var integers = [Extent](repeating: Extent(filling), count: shape.count)
      loop.forEachRun { target, from, count in for i in 0..<count { integers[target + i] = source[from + i] } }
      return try Tensor(type: constant.type, dimensions: shape.dimensions, extents: integers)
    }
  }

  /// Where the result has the operand's axes it can be taken from either layout.
  var layoutRule: LayoutRule { dimensions == nil ? .either : .rowMajor }

  func compile(_ site: Site) throws(GraphError) -> Kernel? {
    let (source, target, fill) = (site.inputs[0], site.outputs[0], fill)
    let loop = SelectLoop(source.dimensions, site.layout.stored(positions))
    let fills = positions.contains { $0?.contains(-1) ?? false }
    return Kernel { frame in
      let (input, output) = unsafe (frame.read(source), frame.write(target))
      frame.pool.run(tasks: frame.items(source)) { item in
        let (from, to) = unsafe (input + item * source.count, output + item * target.count)
        if fills { unsafe to.update(repeating: fill, count: target.count) }
        loop.forEachRun { target, source, count in unsafe (to + target).update(from: from + source, count: count) }
      }
    }
  }
}

/// Walks a selection run by run: stretches of the last axes that are taken whole are copied in one piece.
private struct SelectLoop: Sendable {
  /// Per axis before the run: source offsets in elements, −1 for fill.
  private let offsets: [[Int]]
  private let run: Int

  init(_ dimensions: [Int], _ positions: [[Int]?]) {
    let strides = rowMajorStrides(dimensions)
    let whole = positions.lastIndex { $0 != nil }.map { $0 + 1 } ?? 0
    run = dimensions[whole...].reduce(1, *)
    offsets = (0..<whole).map { axis in
      (positions[axis] ?? Array(0..<dimensions[axis])).map { $0 < 0 ? -1 : $0 * strides[axis] }
    }
  }

  /// `body(position in the result, position in the source, elements)`; what is filled is passed over.
  func forEachRun(_ body: (Int, Int, Int) -> Void) {
    var target = 0
    walk(0, 0, &target, body)
  }

  private func walk(_ axis: Int, _ source: Int, _ target: inout Int, _ body: (Int, Int, Int) -> Void) {
    guard axis < offsets.count else {
      body(target, source, run)
      target += run
      return
    }
    for offset in offsets[axis] {
      if offset >= 0 {
        walk(axis + 1, source + offset, &target, body)
      } else {
        target += offsets[(axis + 1)...].reduce(run) { $0 * $1.count }
      }
    }
  }
}
