// Splits row-wise work into tasks that are large enough for a thread.

internal import Kernels

/// Divides `rows` rows of `width` elements into tasks that are large enough, and runs them.
func rowsInRuns(_ rows: Int, width: Int, pool: ThreadPool, _ body: (Range<Int>) -> Void) {
  let run = max(1, 16384 / max(1, width))
  pool.run(tasks: (rows + run - 1) / run) { task in body(task * run..<min(rows, (task + 1) * run)) }
}

/// A pool of no threads: what runs inside a task of another pool runs on that task's thread.
let callingThread = ThreadPool(threads: 1)

/// `activation` over `count` floats in place, on the calling thread.
func applyHere(_ activation: Activation, count: Int, _ values: UnsafeMutablePointer<Float>) {
  unsafe activate(activation, count: count, values, values, pool: callingThread)
}
