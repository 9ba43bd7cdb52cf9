// The compiled, immutable model that all threads share.

package import Elements
package import Kernels

/// A graph made ready to run: rewritten by the passes, weights packed, memory planned. Nothing of it changes after `init`, so any
/// number of threads may use it, each through an `InferenceRequest`.
package final class Network: Sendable {
  /// An input or output.
  package struct Port: Sendable {
    package let name: String
    let shape: Shape
    /// Only inputs of four dimensions may be `.channelsLast`.
    package let layout: Layout
    /// The type in memory.
    package var element: ElementType { view.element }
    let view: BufferView
  }

  /// One node as it runs, for a profile.
  package struct Step: Sendable {
    package let name: String
    package let operation: String
    package let algorithm: String
    package let outputShape: Shape
    /// Per item of the batch.
    package let multiplyAdds: Int
  }

  package let inputs: [Port]
  package let outputs: [Port]
  package let steps: [Step]
  /// The most items one run may have: 1 where no input is batched.
  let maxBatch: Int

  let kernels: [Kernel?]
  let pool: ThreadPool
  private let arenaBytes: Int
  private let scratchBytes: Int

  /// - Parameters:
  ///   - graph: resolved.
  ///   - maxBatch: the most items one run will have.
  ///   - threads: the most that share the work of one run, the calling one included.
  ///   - precision: of products with constant weights; float32 where the processor has no products of bfloat16.
  package init(
    _ graph: consuming Graph, maxBatch: Int, threads: Int, precision: Precision = .float32
  ) throws(NodeError) {
    var graph = graph
    let precision = precision.supported()
    try graph.optimize(precision)
    let pool = ThreadPool(threads: threads)
    let batch = graph.inputs.contains { graph.shape($0).isBatched } ? maxBatch : 1
    let plan = try MemoryPlan(graph, maxBatch: batch)
    arenaBytes = plan.arenaBytes
    kernels = try Network.compile(graph, plan, maxBatch: batch, precision: precision, pool: pool)
    scratchBytes = kernels.map { $0?.scratchBytes ?? 0 }.max() ?? 0
    inputs = graph.inputs.compactMap { graph.port($0, plan) }
    outputs = graph.outputs.compactMap { graph.port($0, plan) }
    steps = zip(graph.nodes, kernels).map { node, kernel in graph.step(node, kernel) }
    self.maxBatch = batch
    self.pool = pool
  }

  /// How much memory a request may come to use.
  package var requestBytes: Int { arenaBytes + scratchBytes }

  /// Memory for one run at a time. Throws an error of `.outOfMemory` where the system refuses.
  package func makeRequest() throws(NodeError) -> InferenceRequest {
    try InferenceRequest(self, arenaBytes: arenaBytes, scratchBytes: scratchBytes)
  }

  /// Bytes in the memory of an input or output, of the largest batch.
  func byteCount(_ port: Port) -> Int {
    port.view.count * (port.view.isBatched ? maxBatch : 1) * port.element.byteCount
  }

  private static func compile(
    _ graph: Graph, _ plan: MemoryPlan, maxBatch: Int, precision: Precision, pool: ThreadPool
  ) throws(NodeError) -> [Kernel?] {
    var kernels: [Kernel?] = []
    for node in graph.nodes {
      let context = CompileContext(
        inputs: node.inputs.compactMap { plan.views[$0.index] },
        outputs: node.outputs.compactMap { plan.views[$0.index] }, inputShapes: node.inputs.map { graph.shape($0) },
        outputShapes: node.outputs.map { graph.shape($0) }, layout: graph[node.outputs[0]].layout,
        maxBatch: maxBatch, precision: precision, pool: pool)
      // A view computes nothing, so its memory must be its operand's.
      precondition(!node.computation.isView || context.outputs[0].startsWhere(context.inputs[0]))
      kernels.append(
        try NodeError.naming(node.name) { () throws(GraphError) in try node.computation.compile(context) })
    }
    return kernels
  }
}

extension Graph {
  /// The passes, in their order.
  ///
  /// - Parameter precision: what products with constant weights will be computed in.
  mutating func optimize(_ precision: Precision = .float32) throws(NodeError) {
    removeUnused()
    findActivations()
    foldFactors()
    moveTransposes()
    foldFactors()
    findAttention()
    foldScaleShift()
    mergeConvolutions()
    fuseBias()
    propagateStrides()
    sinkDequantize()
    fuseQuantized()
    fuseResiduals()
    fuseActivations()
    foldUniformScales()
    fuseDepthwise(precision)
    findChannelShuffles()
    try LayoutAssignment.run(on: &self)
    removeUnused()
    absorbViews()
    fuseDenseResiduals()
  }

  func port(_ id: ValueID, _ plan: MemoryPlan) -> Network.Port? {
    guard let view = plan.views[id.index] else { return nil }
    return Network.Port(name: self[id].name, shape: shape(id), layout: self[id].layout, view: view)
  }

  func step(_ node: Node, _ kernel: Kernel?) -> Network.Step {
    let (reads, writes) = (node.inputs.map(shape), node.outputs.map(shape))
    return Network.Step(
      name: node.name, operation: node.computation.name, algorithm: kernel?.algorithm ?? "",
      outputShape: writes[0], multiplyAdds: node.computation.multiplyAdds(reads, writes))
  }
}
