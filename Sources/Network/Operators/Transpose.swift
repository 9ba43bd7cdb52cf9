internal import Kernels

/// Transpose: the axes in another order. The batch stays in front.
public struct Transpose: Operator {
  public let name = "Transpose"
  /// nil: all axes reversed.
  public let permutation: [Int]?

  public init(permutation: [Int]?) { self.permutation = permutation }

  public func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 1)
    let operand = try operands.operand(0)
    let shape = operand.shape
    let order = permutation ?? Array((0..<shape.rank).reversed())
    guard order.sorted() == Array(0..<shape.rank) else { throw .attribute("perm") }
    let view = StridedView(permuting: shape.dimensions, order)
    if let constant = operand.constant {
      switch constant.contents {
      case .floats:
        let floats = view.gather(try constant.floats)
        return .constants([try Tensor(type: constant.type, dimensions: view.dimensions, floats: floats)])
      case .integers(let extents):
        let moved = view.gather(extents)
        return .constants([try Tensor(type: constant.type, dimensions: view.dimensions, extents: moved)])
      }
    }
    _ = try operands.activation(0)
    if shape.isBatched && order.first != 0 { throw .dynamicShape }
    if order == Array(0..<shape.rank) { return .operand(0) }
    return .computed(Transpose(permutation: order), reads: [0], shapes: [try shape.with(view.dimensions)])
  }

  public func compile(_ site: Site) throws(GraphError) -> Kernel? {
    let (source, target) = (site.inputs[0], site.outputs[0])
    return StridedView(permuting: source.dimensions, permutation ?? []).kernel(from: source, to: target)
  }
}

extension StridedView {
  /// Copies every item's elements in the view's order.
  func kernel(from source: Place, to target: Place) -> Kernel {
    Kernel { frame in
      let (input, output) = unsafe (frame.read(source), frame.write(target))
      frame.pool.run(tasks: frame.items(source)) { item in
        let (from, to) = unsafe (input + item * source.count, output + item * target.count)
        visit { unsafe to[$0] = from[$1] }
      }
    }
  }
}
