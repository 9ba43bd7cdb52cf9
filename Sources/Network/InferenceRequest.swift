internal import Kernels

/// The memory of one run at a time: inputs, outputs and every value between them.
///
/// A network is shared, its requests are not: as many runs may be under way at once as there are requests, each on a thread of its
/// own, over the same packed weights. Memory becomes real when a run first touches it. Used by one thread at a time.
public final class InferenceRequest {
  private let network: Network
  private let arena: Arena
  private let scratch: Arena

  init(_ network: Network, arenaFloats: Int, scratchFloats: Int) throws(NodeError) {
    self.network = network
    arena = try Arena(floats: arenaFloats)
    scratch = try Arena(floats: scratchFloats)
  }

  /// The numbers of input `index`: `maxBatch` items in the port's layout, to be written before a run. A run may write
  /// over them.
  public func withInput<Result>(_ index: Int, _ body: (UnsafeMutableBufferPointer<Float>) -> Result) -> Result {
    let port = network.inputs[index]
    return unsafe body(UnsafeMutableBufferPointer(start: address(port), count: network.count(port)))
  }

  /// The numbers of output `index` after a run, in C order; valid until the next run.
  public func withOutput<Result>(_ index: Int, _ body: (UnsafeBufferPointer<Float>) -> Result) -> Result {
    let port = network.outputs[index]
    return unsafe body(UnsafeBufferPointer(start: address(port), count: network.count(port)))
  }

  /// Runs the first `batch` items.
  ///
  /// - Parameters:
  ///   - usesAllThreads: asked before each step: whether it is shared by the network's threads or runs on the calling one. The
  ///     results have the same bits either way.
  ///   - observe: called after each step with its index.
  public func run(batch: Int, usesAllThreads: () -> Bool = { true }, observe: ((Int) -> Void)? = nil) {
    precondition(
      batch >= 1 && batch <= network.maxBatch, "a batch of \(batch) in a network for at most \(network.maxBatch)")
    for (index, kernel) in network.kernels.enumerated() {
      kernel?.run(frame(batch, usesAllThreads() ? network.pool : callingThread))
      observe?(index)
    }
  }

  private func frame(_ batch: Int, _ pool: ThreadPool) -> Frame {
    unsafe Frame(arena: arena.base, scratch: scratch.base, batch: batch, pool: pool)
  }

  private func address(_ port: Network.Port) -> UnsafeMutablePointer<Float> {
    unsafe UnsafeMutablePointer(mutating: frame(network.maxBatch, callingThread).read(port.place))
  }
}
