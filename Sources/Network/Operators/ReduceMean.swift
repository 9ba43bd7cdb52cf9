internal import Kernels

/// ReduceMean over some axes. Operands: data and, since opset 18, the axes, a constant.
public struct ReduceMean: Operator, Computation {
  public let name = "ReduceMean"
  /// nil: operand 1's, or all.
  public let axes: [Int]?
  public let keepsDimensions: Bool
  /// Since opset 18: no axes means nothing to do.
  public let emptyMeansNone: Bool

  public init(axes: [Int]?, keepsDimensions: Bool, emptyMeansNone: Bool) {
    self.axes = axes
    self.keepsDimensions = keepsDimensions
    self.emptyMeansNone = emptyMeansNone
  }

  public func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 2)
    let operand = try operands.operand(0)
    let input = try operands.activation(0)
    let stated = try operands.integers(axes, or: 1) ?? []
    if stated.isEmpty && emptyMeansNone { return .operand(0) }
    var reduced = Set<Int>()
    for axis in stated.isEmpty ? Array(0..<input.rank) : stated { reduced.insert(try input.axis(axis)) }
    if input.isBatched && reduced.contains(0) { throw .dynamicShape }
    if operand.constant == nil && input.rank == 4 && reduced == [2, 3] {
      return try GlobalPooling(.average, keepsDimensions: keepsDimensions).resolve(Operands(all: [operand]))
    }
    let dimensions = input.dimensions.enumerated().compactMap { axis, size in
      reduced.contains(axis) ? (keepsDimensions ? 1 : nil) : size
    }
    let result = ReduceMean(
      axes: reduced.sorted(), keepsDimensions: keepsDimensions, emptyMeansNone: emptyMeansNone)
    let shape = try input.with(dimensions)
    guard let constant = operand.constant else { return operands.computed(result, reads: [0], shapes: [shape]) }
    var sums = [Float](repeating: 0, count: shape.count)
    let source = try constant.floats
    result.view(input.dimensions).visit { sums[$0 / result.size(input.dimensions)] += source[$1] }
    let means = sums.map { $0 / Float(result.size(input.dimensions)) }
    return .constants([try Tensor(type: constant.type, dimensions: shape.dimensions, floats: means)])
  }

  /// The kept axes, then the reduced ones: each mean's elements follow one another.
  private func view(_ dimensions: [Int]) -> StridedView {
    let reduced = axes ?? []
    return StridedView(permuting: dimensions, dimensions.indices.filter { !reduced.contains($0) } + reduced)
  }

  private func size(_ dimensions: [Int]) -> Int { (axes ?? []).map { dimensions[$0] }.reduce(1, *) }

  public func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, target) = (context.inputs[0], context.outputs[0])
    let (view, size) = (view(source.dimensions), size(source.dimensions))
    return Kernel { run in
      let (input, output) = unsafe (run.read(source), run.write(target))
      run.pool.run(tasks: run.items(source)) { item in
        let (from, to) = unsafe (input + item * source.count, output + item * target.count)
        unsafe to.update(repeating: 0, count: target.count)
        view.visit { unsafe to[$0 / size] += from[$1] }
        for index in 0..<target.count { unsafe to[index] /= Float(size) }
      }
    }
  }
}
