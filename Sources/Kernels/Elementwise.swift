// Operations over contiguous runs of floats. `output` may be either input.

internal import KernelTemplates

/// output[i] = activation(a[i] + b[i])
public func add(
  count: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
  activation: Activation = .none, pool: ThreadPool, instructionSet: CPUFeatures = .current
) {
  let kernels = instructionSet.kernels
  let bounds = activation.bounds
  forEachRun(count, pool) { first, count in
    kernels.addRun(count, a + first, b + first, output + first, bounds.low, bounds.high)
    if activation.needsPass { kernels.activateRun(activation.vector, count, output + first, output + first) }
  }
}

/// output[i] = activation(a[i] · b[i])
public func multiply(
  count: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
  activation: Activation = .none, pool: ThreadPool, instructionSet: CPUFeatures = .current
) {
  let kernels = instructionSet.kernels
  forEachRun(count, pool) { first, count in
    kernels.multiplyRun(count, a + first, b + first, output + first)
    if activation != .none { kernels.activateRun(activation.vector, count, output + first, output + first) }
  }
}

/// output[i] = activation(input[i])
public func activate(
  _ activation: Activation, count: Int, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
  pool: ThreadPool, instructionSet: CPUFeatures = .current
) {
  let kernels = instructionSet.kernels
  forEachRun(count, pool) { first, count in kernels.activateRun(activation.vector, count, input + first, output + first)
  }
}

/// Cuts `count` elements into runs worth a task each.
func forEachRun(_ count: Int, _ pool: ThreadPool, _ body: (_ first: Int, _ count: Int) -> Void) {
  let run = 16384
  pool.run(tasks: (count + run - 1) / run) { body($0 * run, min(run, count - $0 * run)) }
}
