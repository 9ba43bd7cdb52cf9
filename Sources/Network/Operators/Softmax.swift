// Softmax over rows or along an inner axis, with the maximum subtracted first.

internal import Glibc
internal import Kernels

/// Softmax and LogSoftmax over one axis or, before opset 13, over that axis and all after it taken together.
package struct Softmax: Operator, Computation {
  let axis: Int
  /// Before opset 13.
  let flattens: Bool
  /// LogSoftmax.
  let isLogarithm: Bool

  package init(axis: Int, flattens: Bool, isLogarithm: Bool = false) {
    self.axis = axis
    self.flattens = flattens
    self.isLogarithm = isLogarithm
  }

  package var name: String { isLogarithm ? "LogSoftmax" : "Softmax" }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 1)
    let input = try operands.activation(0)
    let axis = try input.axis(axis)
    if input.isBatched && axis == 0 { throw .dynamicShape }
    let result = Softmax(axis: axis, flattens: flattens, isLogarithm: isLogarithm)
    return operands.computed(result, reads: [0], shapes: [input])
  }

  package var worksInPlace: Bool { true }

  package func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, target) = (context.inputs[0], context.outputs[0])
    let outer = source.dimensions[..<axis].reduce(1, *)
    let columns = source.dimensions[axis...].reduce(1, *)
    let inner = flattens ? 1 : source.dimensions[(axis + 1)...].reduce(1, *)
    let isLogarithm = isLogarithm
    if inner == 1 {
      return Kernel { run in
        let (input, output) = unsafe (run.read(source), run.write(target))
        rowsInRuns(outer * run.items(source), width: columns, pool: run.pool) { rows in
          let start = rows.lowerBound * columns
          unsafe Self.compute(isLogarithm, rows: rows.count, columns: columns, input + start, output + start)
        }
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
          unsafe Self.compute(isLogarithm, rows: 1, columns: size, row, row)
          for index in 0..<size { unsafe output[start + index * inner] = row[index] }
        }
      }
    }
  }

  private static func compute(
    _ isLogarithm: Bool, rows: Int, columns: Int, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>
  ) {
    guard isLogarithm else { return unsafe softmax(rows: rows, columns: columns, input: input, output: output) }
    for row in 0..<rows {
      let (from, to) = unsafe (input + row * columns, output + row * columns)
      var largest = unsafe from[0]
      for column in 0..<columns { largest = unsafe max(largest, from[column]) }
      var sum = 0.0
      for column in 0..<columns { sum = unsafe sum + exp(Double(from[column] - largest)) }
      let shift = Float(Double(largest) + log(sum))
      for column in 0..<columns { unsafe to[column] = from[column] - shift }
    }
  }
}
