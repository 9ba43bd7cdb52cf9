// Constant folding: runs one computation at load time on constant operands.

internal import Elements
internal import Kernels
internal import POSIX

extension Computation {
  /// The results for constant operands, computed by the code that a network would run.
  func evaluate(_ operands: [Tensor], _ results: [TensorType]) throws(GraphError) -> [Tensor] {
    if isView { return [try operands[0].reshaped(results[0].shape.dimensions, as: results[0].element)] }
    if case .channelsLast = layoutRule { return try evaluateInNetwork(operands, results) }
    return try evaluateInPlace(operands, results)
  }

  /// The kernel alone, over the operands where they are: a model has hundreds of constant nodes, and planning a network for
  /// each takes many times as long as computing it.
  private func evaluateInPlace(_ operands: [Tensor], _ results: [TensorType]) throws(GraphError) -> [Tensor] {
    var inputs: [BufferView] = []
    for operand in operands { inputs.append(try BufferView(constant: operand)) }
    var (outputs, byteCount): ([BufferView], Int) = ([], 0)
    for result in results {
      outputs.append(BufferView(result, memory: .arena(byteCount)))
      byteCount += (outputs[outputs.count - 1].byteCount + 63) / 64 * 64
    }
    var inputShapes: [Shape] = []
    for operand in operands { inputShapes.append(try operand.shape) }
    let context = CompileContext(
      inputs: inputs, outputs: outputs, inputShapes: inputShapes, outputShapes: results.map(\.shape), layout: .rowMajor,
      maxBatch: 1, precision: .float32, pool: callingThread)
    guard let kernel = try compile(context) else { return try evaluateInNetwork(operands, results) }
    let scratch = unsafe ConstantStorage(byteCount: kernel.scratchBytes) { _ in }
    let arena = unsafe ConstantStorage(byteCount: byteCount) { memory in
      unsafe kernel.run(
        RunContext(
          arena: memory.baseAddress!, scratch: UnsafeMutableRawPointer(mutating: scratch.address), batch: 1,
          pool: callingThread))
    }
    var tensors: [Tensor] = []
    for (result, view) in zip(results, outputs) {
      guard case .arena(let offset) = view.memory else { preconditionFailure("a result is in the arena") }
      let storage = unsafe arena.withBytes { bytes in
        unsafe ConstantStorage(copying: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + view.byteCount]))
      }
      tensors.append(try Tensor(result, stored: storage))
    }
    return tensors
  }

  /// In a network of this computation alone, with the conversions of layout that it needs.
  private func evaluateInNetwork(_ operands: [Tensor], _ results: [TensorType]) throws(GraphError) -> [Tensor] {
    var graph = Graph()
    var inputs: [Graph.ValueID] = []
    for operand in operands {
      let type = TensorType(operand.type, try operand.shape)
      inputs.append(graph.add(Graph.Value(name: "constant", type: type, constant: operand)))
    }
    graph.outputs = results.map { graph.add(Graph.Value(name: "result", type: $0)) }
    graph.nodes = [Graph.Node(name: name, computation: self, inputs: inputs, outputs: graph.outputs)]
    let request = try mapError {
      $0.error
    } of: { () throws(NodeError) in
      try Network(graph, maxBatch: 1, threads: 1).makeRequest()
    }
    request.run(batch: 1)
    var tensors: [Tensor] = []
    for (index, result) in results.enumerated() {
      let storage = unsafe request.withOutputBytes(index) { unsafe ConstantStorage(copying: $0) }
      tensors.append(try Tensor(result, stored: storage))
    }
    return tensors
  }
}

extension BufferView {
  /// A whole value in C order that no batch changes.
  fileprivate init(_ type: TensorType, memory: Memory) {
    self.init(
      memory: memory, element: type.element.stored, dimensions: type.shape.dimensions, isBatched: false,
      stride: type.shape.dimensions.last ?? 1)
  }

  fileprivate init(constant: Tensor) throws(GraphError) {
    self.init(TensorType(constant.type, try constant.shape), memory: .constant(try constant.stored))
  }

  fileprivate var byteCount: Int { count * element.byteCount }
}

extension Tensor {
  /// - Parameter storage: elements of `type.element.stored`, in C order.
  fileprivate init(_ type: TensorType, stored storage: ConstantStorage) throws(GraphError) {
    let stored = try Tensor(type: type.element.stored, dimensions: type.shape.dimensions, storage: storage)
    self = stored.type == type.element ? stored : try stored.reshaped(type.shape.dimensions, as: type.element)
  }
}
