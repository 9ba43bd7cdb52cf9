// Operators that move or mask elements by position: block rearrangement, triangle, running sum.

internal import Elements

/// DepthToSpace and SpaceToDepth: blocks of pixels to channels and back.
package struct BlockRearrangement: Operator {
  package enum Kind: String, Sendable {
    /// (n, block, block, channels, height, width) read as (n, channels, height, block, width, block).
    case depthFirst = "DepthToSpace"
    /// (n, channels, block, block, height, width), likewise.
    case channelsFirst = "DepthToSpace CRD"
    case spaceToDepth = "SpaceToDepth"
    /// The channels in front of the places in a block, instead of after them.
    case spaceToChannels = "SpaceToDepth CRD"
  }

  let kind: Kind
  let block: Int

  package init(_ kind: Kind, block: Int) {
    self.kind = kind
    self.block = block
  }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 1)
    let input = try operands.elements(0)
    guard input.rank == 4 else { throw .rank(input.rank) }
    guard block >= 1, block <= Window.limit else { throw .attribute("blocksize") }
    let (n, c, h, w) = (input.dimensions[0], input.dimensions[1], input.dimensions[2], input.dimensions[3])
    let (parts, order, result): ([Int], [Int], [Int])
    if kind == .spaceToDepth || kind == .spaceToChannels {
      guard h % block == 0, w % block == 0 else { throw .attribute("blocksize") }
      parts = [n, c, h / block, block, w / block, block]
      order = kind == .spaceToDepth ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4]
      result = [n, c * block * block, h / block, w / block]
    } else {
      guard c % (block * block) == 0 else { throw .attribute("blocksize") }
      let channels = c / (block * block)
      if kind == .depthFirst {
        (parts, order) = ([n, block, block, channels, h, w], [0, 3, 4, 1, 5, 2])
      } else {
        (parts, order) = ([n, channels, block, block, h, w], [0, 1, 4, 2, 5, 3])
      }
      result = [n, channels, h * block, w * block]
    }
    let computation = Rearrangement(name: kind.rawValue, view: StridedView(permuting: parts, order))
    return operands.computed(computation, reads: [0], shapes: [try input.with(result)])
  }
}

/// Trilu: the upper or lower triangle of the last two axes, zero elsewhere. Operand 1 is the diagonal, a constant.
package struct Triangle: Operator, Computation {
  package let name = "Trilu"
  let isUpper: Bool
  private var diagonal = 0

  package init(isUpper: Bool) { self.isUpper = isUpper }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 2)
    let input = try operands.elements(0)
    guard input.rank >= 2 else { throw .rank(input.rank) }
    if input.isBatched && input.rank == 2 { throw .dynamicShape }
    var result = self
    if let stated = try operands.optionalConstant(1)?.integers {
      guard stated.count == 1 else { throw .attribute("k") }
      result.diagonal = min(max(stated[0], -Shape.maximumCount), Shape.maximumCount)
    }
    return operands.computed(result, reads: [0], shapes: [input])
  }

  package func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    kernel(context.outputs[0].element.unit, context.inputs[0], context.outputs[0])
  }

  private func kernel<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ unit: T.Type, _ source: BufferView, _ target: BufferView
  ) -> Kernel {
    let (rows, columns) = (source.dimensions[source.dimensions.count - 2], source.channels)
    let (isUpper, diagonal) = (isUpper, diagonal)
    return Kernel { run in
      let (input, output) = unsafe (run.read(source, as: unit), run.write(target, as: unit))
      for row in 0..<source.count / columns * run.items(source) {
        for column in 0..<columns {
          let distance = column - row % rows - diagonal
          let isKept = isUpper ? distance >= 0 : distance <= 0
          unsafe output[row * columns + column] = isKept ? input[row * columns + column] : 0
        }
      }
    }
  }
}

/// CumSum: running sums along an axis. Operand 1 is the axis, a constant.
package struct RunningSum: Operator, Computation {
  package let name = "CumSum"
  /// Without the element itself.
  let isExclusive: Bool
  let isReversed: Bool
  private var axis = 0

  package init(isExclusive: Bool, isReversed: Bool) {
    self.isExclusive = isExclusive
    self.isReversed = isReversed
  }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 2)
    let input = try operands.elements(0)
    guard try operands.operand(0).type != .bool else { throw .elementType(.bool) }
    let stated = try operands.constant(1).integers
    guard stated.count == 1 else { throw .attribute("axis") }
    var result = self
    result.axis = try input.axis(stated[0])
    if input.isBatched && result.axis == 0 { throw .dynamicShape }
    return operands.computed(result, reads: [0], shapes: [input])
  }

  package func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, target) = (context.inputs[0], context.outputs[0])
    if let type = source.element.integerType { return integerKernel(type, source, target) }
    return kernel(Float.self, source, target) { $0 + $1 }
  }

  private func integerKernel<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ type: T.Type, _ source: BufferView, _ target: BufferView
  ) -> Kernel { kernel(type, source, target) { $0 &+ $1 } }

  private func kernel<T: Numeric & BitwiseCopyable & Sendable>(
    _ type: T.Type, _ source: BufferView, _ target: BufferView, _ sum: @escaping @Sendable (T, T) -> T
  ) -> Kernel {
    let size = source.dimensions[axis]
    let inner = source.dimensions[(axis + 1)...].reduce(1, *)
    let (isExclusive, isReversed) = (isExclusive, isReversed)
    return Kernel { run in
      let (input, output) = unsafe (run.read(source, as: type), run.write(target, as: type))
      for line in 0..<source.count / size * run.items(source) {
        let start = line / inner * inner * size + line % inner
        var total = T.zero
        for step in 0..<size {
          let position = start + (isReversed ? size - 1 - step : step) * inner
          let value = unsafe input[position]
          if isExclusive { unsafe output[position] = total }
          total = sum(total, value)
          if !isExclusive { unsafe output[position] = total }
        }
      }
    }
  }
}
