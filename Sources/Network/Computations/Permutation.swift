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
    switch source.element.byteCount {
    case 1: kernel(from: source, to: target, moving: UInt8.self)
    case 2: kernel(from: source, to: target, moving: UInt16.self)
    case 4: kernel(from: source, to: target, moving: UInt32.self)
    default: kernel(from: source, to: target, moving: UInt64.self)
    }
  }

  /// - Parameter unit: as wide as an element.
  private func kernel<Unit: BitwiseCopyable & Sendable>(
    from source: BufferView, to target: BufferView, moving unit: Unit.Type
  ) -> Kernel {
    Kernel { run in
      let (input, output) = unsafe (run.read(source, as: unit), run.write(target, as: unit))
      run.pool.run(tasks: run.items(source)) { item in
        let (from, to) = unsafe (input + item * source.count, output + item * target.count)
        visit { unsafe to[$0] = from[$1] }
      }
    }
  }
}
