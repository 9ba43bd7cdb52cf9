// Operations over contiguous runs of floats. `output` may be either input.

/// output[i] = activation(a[i] + b[i])
public func add(
  count: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
  activation: Activation = .none, pool: ThreadPool
) {
  forEachRun(count, pool) { for i in $0 { output[i] = activation(a[i] + b[i]) } }
}

/// output[i] = a[i] · b[i]
public func multiply(
  count: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
  pool: ThreadPool
) {
  forEachRun(count, pool) { for i in $0 { output[i] = a[i] * b[i] } }
}

/// output[i] = activation(input[i])
public func activate(
  _ activation: Activation, count: Int, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
  pool: ThreadPool
) {
  forEachRun(count, pool) { for i in $0 { output[i] = activation(input[i]) } }
}

/// Cuts `count` elements into runs worth a task each.
private func forEachRun(_ count: Int, _ pool: ThreadPool, _ body: (Range<Int>) -> Void) {
  let run = 16384
  pool.run(tasks: (count + run - 1) / run) { body($0 * run..<min(count, ($0 + 1) * run)) }
}
