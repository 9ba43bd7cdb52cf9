// Element type conversion at run time, the computation behind Cast.

internal import Elements
internal import Kernels

/// Every element as a number of another type: floating numbers are cut towards zero and held to what the type can hold, NaN
/// becomes 0; integers wrap around; anything but 0 is true.
struct Conversion: Computation {
  let name = "Cast"
  var layoutRule: LayoutRule { .either }

  func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, target) = (context.inputs[0], context.outputs[0])
    switch (source.element.integerType, target.element.integerType) {
    case (let from?, let to?): return integers(from, to, source, target)
    case (let from?, nil): return floats(from, source, target)
    case (nil, let to?): return truncated(to, source, target)
    case (nil, nil): preconditionFailure("floating types are stored alike")
    }
  }

  private func integers<
    From: FixedWidthInteger & BitwiseCopyable & Sendable, To: FixedWidthInteger & BitwiseCopyable & Sendable
  >(
    _ from: From.Type, _ to: To.Type, _ source: BufferView, _ target: BufferView
  ) -> Kernel {
    let isBoolean = target.element == .bool
    return Kernel { run in
      let (input, output) = unsafe (run.read(source, as: From.self), run.write(target, as: To.self))
      for i in 0..<source.count * run.items(source) {
        unsafe output[i] = isBoolean ? (input[i] != 0 ? 1 : 0) : To(truncatingIfNeeded: input[i])
      }
    }
  }

  private func floats<From: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ from: From.Type, _ source: BufferView, _ target: BufferView
  ) -> Kernel {
    Kernel { run in
      let (input, output) = unsafe (run.read(source, as: From.self), run.write(target))
      rowsInRuns(source.count * run.items(source), width: 1, pool: run.pool) { range in
        for i in range { unsafe output[i] = Float(input[i]) }
      }
    }
  }

  private func truncated<To: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ to: To.Type, _ source: BufferView, _ target: BufferView
  ) -> Kernel {
    let isBoolean = target.element == .bool
    return Kernel { run in
      let (input, output) = unsafe (run.read(source), run.write(target, as: To.self))
      for i in 0..<source.count * run.items(source) {
        let x = unsafe input[i]
        if isBoolean {
          unsafe output[i] = x != 0 ? 1 : 0
        } else {
          unsafe output[i] = To(exactly: x.rounded(.towardZero)) ?? (x.isNaN ? 0 : x < 0 ? To.min : To.max)
        }
      }
    }
  }
}
