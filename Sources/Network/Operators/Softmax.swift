internal import Kernels

/// Softmax over one axis or, before opset 13, over that axis and all after it taken together.
public struct Softmax: Operator, Computation {
  public let name = "Softmax"
  public let axis: Int
  /// Before opset 13.
  public let flattens: Bool

  public init(axis: Int, flattens: Bool) {
    self.axis = axis
    self.flattens = flattens
  }

  public func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 1)
    let input = try operands.activation(0)
    let axis = try input.axis(axis)
    if input.isBatched && axis == 0 { throw .dynamicShape }
    return operands.computed(Softmax(axis: axis, flattens: flattens), reads: [0], shapes: [input])
  }

  public var worksInPlace: Bool { true }

  public func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, target) = (context.inputs[0], context.outputs[0])
    let outer = source.dimensions[..<axis].reduce(1, *)
    let columns = source.dimensions[axis...].reduce(1, *)
    let inner = flattens ? 1 : source.dimensions[(axis + 1)...].reduce(1, *)
    if inner == 1 {
      return Kernel { run in
        unsafe softmax(
          rows: outer * run.items(source), columns: columns, input: run.read(source), output: run.write(target))
      }
    }
    // Elements of one sum are `inner` apart: collected, computed, put back.
    let size = source.dimensions[axis]
    return Kernel(scratchBytes: 4 * size) { run in
      let (input, output, row) = unsafe (
        run.read(source), run.write(target), run.scratch.assumingMemoryBound(to: Float.self)
      )
      for block in 0..<outer * run.items(source) {
        for column in 0..<inner {
          let start = block * columns + column
          for index in 0..<size { unsafe row[index] = input[start + index * inner] }
          unsafe softmax(rows: 1, columns: size, input: row, output: row)
          for index in 0..<size { unsafe output[start + index * inner] = row[index] }
        }
      }
    }
  }
}
