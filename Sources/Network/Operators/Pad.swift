// Padding in all ONNX modes, resolved to a selection of source positions per axis.

internal import Elements

/// Pad: rows and columns added around a tensor, or taken away where the number is negative.
/// Operands: data, pads, fill value?, axes?, all but the first constants.
package struct Pad: Operator {
  package enum Mode: String, Sendable {
    case constant
    /// The edge element again.
    case edge
    /// Mirrored, without the edge element.
    case reflect
    /// From the other end.
    case wrap
  }

  let name = "Pad"
  let mode: Mode

  package init(mode: Mode) { self.mode = mode }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 4)
    let input = try operands.operand(0).shape
    let pads = try operands.constant(1).integers
    let fill = try operands.optionalConstant(2)?.element(of: try operands.operand(0).type)
    var axes: [Int] = []
    for axis in try operands.optionalConstant(3)?.integers ?? Array(0..<input.rank) {
      axes.append(try input.axis(axis))
    }
    guard pads.count == 2 * axes.count, Set(axes).count == axes.count else { throw .attribute("pads") }
    var positions = [[Int]?](repeating: nil, count: input.rank)
    for (index, axis) in axes.enumerated() {
      let (before, after) = (pads[index], pads[index + axes.count])
      if before == 0 && after == 0 { continue }
      positions[axis] = try padded(input.dimensions[axis], before, after)
    }
    return try Select(name: name, positions: positions, fill: fill)
      .resolve(try operands.operand(0))
  }

  private func padded(_ size: Int, _ before: Int, _ after: Int) throws(GraphError) -> [Int] {
    let range = -Window.limit...Window.limit
    guard range.contains(before), range.contains(after), size <= Select.limit, size + before + after >= 0 else {
      throw .attribute("pads")
    }
    if mode != .constant && size == 0 { throw .emptyTensor }
    return (-before..<(-before + size + before + after)).map { position in
      switch mode {
      case .constant: position >= 0 && position < size ? position : -1
      case .edge: min(max(position, 0), size - 1)
      case .wrap: (position % size + size) % size
      case .reflect: reflected(position, size)
      }
    }
  }

  private func reflected(_ position: Int, _ size: Int) -> Int {
    if size == 1 { return 0 }
    let period = 2 * (size - 1)
    let phase = (position % period + period) % period
    return phase < size ? phase : period - phase
  }
}

extension Tensor {
  /// The one element of this tensor as a constant of `type`, which must hold it exactly if it is an integer type.
  fileprivate func element(of type: ElementType) throws(GraphError) -> Tensor {
    guard count == 1 else { throw .attribute("value") }
    if self.type == type { return self }
    let value = self.type.isFloating ? try scalar() : Float(try integers[0])
    if type.isFloating { return try Tensor(type: type, dimensions: [], floats: [value]) }
    guard let integer = Int(exactly: value) else { throw .attribute("value") }
    return try Tensor(type: type, dimensions: [], integers: [integer])
  }
}
