// The mutable state of an inference: input, output and intermediate memory for one thread at a time.

internal import Elements
internal import Kernels
internal import POSIX

/// The memory of one run at a time: inputs, outputs and every value between them.
///
/// A network is shared, its requests are not: as many runs may be under way at once as there are requests, each on a thread of its
/// own, over the same packed weights. Memory becomes real when a run first touches it. Used by one thread at a time.
package final class InferenceRequest {
  private let network: Network
  private let arena: PageMemory
  private let scratch: PageMemory

  init(_ network: Network, arenaBytes: Int, scratchBytes: Int) throws(NodeError) {
    self.network = network
    arena = try Self.memory(byteCount: arenaBytes)
    scratch = try Self.memory(byteCount: scratchBytes)
  }

  /// Throws an error of `.outOfMemory` where the system refuses.
  private static func memory(byteCount: Int) throws(NodeError) -> PageMemory {
    try mapError { _ in
      NodeError(node: "memory plan", error: .outOfMemory(bytes: byteCount))
    } of: { () throws(Errno) in
      try PageMemory(byteCount: max(byteCount, 1), isReserved: false)
    }
  }

  /// The elements of input `index`: `maxBatch` items in the port's layout, to be written before a run. A run may write
  /// over them. The port's `element` must be float32.
  package func withInput<Result>(_ index: Int, _ body: (UnsafeMutableBufferPointer<Float>) -> Result) -> Result {
    precondition(network.inputs[index].element == .float32, "input \(index) is not float32")
    return unsafe withInputBytes(index) { unsafe body($0.assumingMemoryBound(to: Float.self)) }
  }

  /// The elements of output `index` after a run, in C order; valid until the next run. The port's `element` must be
  /// float32.
  package func withOutput<Result>(_ index: Int, _ body: (UnsafeBufferPointer<Float>) -> Result) -> Result {
    precondition(network.outputs[index].element == .float32, "output \(index) is not float32")
    return unsafe withOutputBytes(index) { unsafe body($0.assumingMemoryBound(to: Float.self)) }
  }

  /// As `withInput`, for any element type.
  package func withInputBytes<Result>(_ index: Int, _ body: (UnsafeMutableRawBufferPointer) -> Result) -> Result {
    let port = network.inputs[index]
    return unsafe body(UnsafeMutableRawBufferPointer(start: address(port), count: network.byteCount(port)))
  }

  /// As `withOutput`, for any element type.
  package func withOutputBytes<Result>(_ index: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    let port = network.outputs[index]
    return unsafe body(UnsafeRawBufferPointer(start: address(port), count: network.byteCount(port)))
  }

  /// Runs the first `batch` items.
  ///
  /// - Parameters:
  ///   - usesAllThreads: asked before each step: whether it is shared by the network's threads or runs on the calling one. The
  ///     results have the same bits either way.
  ///   - observe: called after each step with its index.
  package func run(batch: Int, usesAllThreads: () -> Bool = { true }, observe: ((Int) -> Void)? = nil) {
    precondition(
      batch >= 1 && batch <= network.maxBatch, "a batch of \(batch) in a network for at most \(network.maxBatch)")
    for (index, kernel) in network.kernels.enumerated() {
      kernel?.run(context(batch, usesAllThreads() ? network.pool : callingThread))
      observe?(index)
    }
  }

  private func context(_ batch: Int, _ pool: ThreadPool) -> RunContext {
    unsafe RunContext(arena: arena.bytes.baseAddress!, scratch: scratch.bytes.baseAddress!, batch: batch, pool: pool)
  }

  private func address(_ port: Network.Port) -> UnsafeMutableRawPointer {
    unsafe UnsafeMutableRawPointer(
      mutating: context(network.maxBatch, callingThread).read(port.view, as: UInt8.self))
  }
}
