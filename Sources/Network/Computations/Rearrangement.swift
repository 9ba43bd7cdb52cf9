// Copies that a strided view of the operand describes: block rearrangement, Expand, Tile.

internal import Elements
internal import Kernels

/// The elements of a tensor, each item's as a view shows them: repeated, or in other blocks. An operand that
/// is the same for every item of a batched result is repeated.
struct Rearrangement: Computation {
  let name: String
  /// Over one item of the operand; as many elements as one item of the result has.
  let view: StridedView

  func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    kernel(context.outputs[0].element.unit, context.inputs[0], context.outputs[0])
  }

  private func kernel<Unit: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ unit: Unit.Type, _ source: BufferView, _ target: BufferView
  ) -> Kernel {
    let view = view.merged
    return Kernel { run in
      let (input, output) = unsafe (run.read(source, as: unit), run.write(target, as: unit))
      run.pool.run(tasks: run.items(target)) { item in
        let from = unsafe input + (source.isBatched ? item * source.count : 0)
        let to = unsafe output + item * target.count
        view.visitRows { target, source, width, step in
          if step == 1 {
            unsafe (to + target).update(from: from + source, count: width)
          } else {
            for i in 0..<width { unsafe to[target + i] = from[source + i * step] }
          }
        }
      }
    }
  }
}
