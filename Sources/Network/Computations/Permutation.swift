// Transpose as a strided copy, split among threads along the outermost dimension.

internal import Elements
internal import Kernels

/// The elements of a tensor with its axes in another order. The batch stays in front.
struct Permutation: Computation {
  let name = "Transpose"
  let order: [Int]

  func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, target) = (context.inputs[0], context.outputs[0])
    return StridedView(permuting: source.dimensions, order).kernel(from: source, to: target)
  }
}

extension StridedView {
  /// Copies every item's elements in the view's order.
  func kernel(from source: BufferView, to target: BufferView) -> Kernel {
    kernel(from: source, to: target, moving: source.element.unit)
  }

  /// - Parameter unit: as wide as an element.
  private func kernel<Unit: FixedWidthInteger & BitwiseCopyable & Sendable>(
    from source: BufferView, to target: BufferView, moving unit: Unit.Type
  ) -> Kernel {
    let slices = merged.slices
    return Kernel { run in
      let (input, output) = unsafe (run.read(source, as: unit), run.write(target, as: unit))
      run.pool.run(tasks: run.items(source) * slices.starts.count) { task in
        let (item, slice) = task.quotientAndRemainder(dividingBy: slices.starts.count)
        let from = unsafe input + item * source.count + slices.starts[slice]
        let to = unsafe output + item * target.count + slice * slices.view.count
        slices.view.visitRows { target, source, width, step in
          if step == 1 {
            unsafe (to + target).update(from: from + source, count: width)
          } else {
            for i in 0..<width { unsafe to[target + i] = from[source + i * step] }
          }
        }
      }
    }
  }

  /// The view cut along its first dimension, so that threads can share it: where each part starts in the source.
  private var slices: (starts: [Int], view: StridedView) {
    guard dimensions.count > 1, count >= 1 << 14, dimensions[0] <= 1 << 12 else { return ([0], self) }
    return (
      (0..<dimensions[0]).map { $0 * strides[0] },
      StridedView(dimensions: Array(dimensions.dropFirst()), strides: Array(strides.dropFirst()))
    )
  }
}
