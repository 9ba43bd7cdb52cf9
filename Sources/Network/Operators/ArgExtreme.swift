// ArgMax and ArgMin for any element type; results are int64 indices.

internal import Elements

/// ArgMax and ArgMin: the position of the largest or smallest element along one axis.
package struct ArgExtreme: Operator, Computation {
  package enum Kind: String, Sendable {
    case maximum = "ArgMax"
    case minimum = "ArgMin"
  }

  let kind: Kind
  let axis: Int
  let keepsDimensions: Bool
  /// The last of several that are equal, instead of the first.
  let takesLast: Bool

  package init(_ kind: Kind, axis: Int, keepsDimensions: Bool, takesLast: Bool) {
    self.kind = kind
    self.axis = axis
    self.keepsDimensions = keepsDimensions
    self.takesLast = takesLast
  }

  package var name: String { kind.rawValue }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 1)
    let input = try operands.elements(0)
    let axis = try input.axis(axis)
    if input.isBatched && axis == 0 { throw .dynamicShape }
    let dimensions = input.dimensions.enumerated().compactMap { position, size in
      position == axis ? (keepsDimensions ? 1 : nil) : size
    }
    let result = ArgExtreme(kind, axis: axis, keepsDimensions: keepsDimensions, takesLast: takesLast)
    return .computed(result, reads: [0], results: [TensorType(.int64, try input.with(dimensions))])
  }

  package func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, target) = (context.inputs[0], context.outputs[0])
    if let type = source.element.integerType { return kernel(type, source, target) }
    return kernel(Float.self, source, target)
  }

  private func kernel<T: Comparable & BitwiseCopyable & Sendable>(
    _ type: T.Type, _ source: BufferView, _ target: BufferView
  ) -> Kernel {
    let size = source.dimensions[axis]
    let inner = source.dimensions[(axis + 1)...].reduce(1, *)
    let (kind, takesLast) = (kind, takesLast)
    return Kernel { run in
      let (input, output) = unsafe (run.read(source, as: type), run.write(target, as: Int64.self))
      for index in 0..<target.count * run.items(target) {
        let from = unsafe input + index / inner * inner * size + index % inner
        var best = 0
        for position in 1..<max(size, 1) {
          let (x, y) = unsafe (from[position * inner], from[best * inner])
          if kind == .maximum ? x > y : x < y { best = position } else if takesLast && x == y { best = position }
        }
        unsafe output[index] = Int64(best)
      }
    }
  }
}
