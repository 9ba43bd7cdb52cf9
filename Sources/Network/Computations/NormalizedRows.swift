// Layer and RMS normalization: one row per position, statistics over the last axes.

internal import Kernels

/// Rows of `size` elements, each normalized, then scaled and shifted element by element.
struct NormalizedRows: Computation {
  let name: String
  let rows: RowNormalization
  let size: Int
  /// (size)
  let scale: [Float]
  let shift: [Float]

  var worksInPlace: Bool { true }
  var parameterCount: Int { scale.count + shift.count }

  func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, target) = (context.inputs[0], context.outputs[0])
    let (rows, size, scale, shift) = (rows, size, scale, shift)
    return Kernel { run in
      let (input, output) = unsafe (run.read(source), run.write(target))
      unsafe scale.withUnsafeBufferPointer { scale in
        unsafe shift.withUnsafeBufferPointer { shift in
          rowsInRuns(source.count / size * run.items(source), width: size, pool: run.pool) { range in
            unsafe normalizeRows(
              rows, rows: range.count, count: size, scale: scale.baseAddress!, shift: shift.baseAddress!,
              input: input + range.lowerBound * size, output: output + range.lowerBound * size)
          }
        }
      }
    }
  }
}
