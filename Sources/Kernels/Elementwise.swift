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
    kernels.combineRun(.multiply, count, a + first, 1, b + first, 1, output + first)
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

/// The operations of one instruction set over runs on the calling thread, for loops that call them row by row.
public struct RunKernels: Sendable {
  /// a ∘ b
  public enum Combination: Sendable { case add, subtract, multiply, divide }

  private let kernels: KernelTable

  public init(_ instructionSet: CPUFeatures = .current) { kernels = instructionSet.kernels }

  /// output[i] = a[i · stepA] ∘ b[i · stepB], the steps being 0 or 1 and not both 0. `output` may be `a` or `b`.
  public func combine(
    _ combination: Combination, count: Int, _ a: UnsafePointer<Float>, stepA: Int, _ b: UnsafePointer<Float>,
    stepB: Int, _ output: UnsafeMutablePointer<Float>
  ) {
    let vector: VectorCombination =
      switch combination {
      case .add: .add
      case .subtract: .subtract
      case .multiply: .multiply
      case .divide: .divide
      }
    kernels.combineRun(vector, count, a, stepA, b, stepB, output)
  }

  /// output[i] = activation(input[i] · scale[i] + shift[i]). `output` may be `input`.
  public func scaleShift(
    count: Int, scale: UnsafePointer<Float>, shift: UnsafePointer<Float>, _ input: UnsafePointer<Float>,
    _ output: UnsafeMutablePointer<Float>, activation: Activation = .none
  ) {
    kernels.scaleShiftRun(count, scale, shift, input, output)
    if activation != .none { kernels.activateRun(activation.vector, count, output, output) }
  }

  /// output[i] = activation(input[i]). `output` may be `input`.
  public func activate(
    _ activation: Activation, count: Int, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>
  ) {
    kernels.activateRun(activation.vector, count, input, output)
  }
}

/// Cuts `count` elements into runs worth a task each.
func forEachRun(_ count: Int, _ pool: ThreadPool, _ body: (_ first: Int, _ count: Int) -> Void) {
  let run = 16384
  pool.run(tasks: (count + run - 1) / run) { body($0 * run, min(run, count - $0 * run)) }
}
