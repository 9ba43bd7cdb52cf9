// Constant folding: runs one computation at load time on constant operands.

internal import Elements

extension Computation {
  /// The results for constant operands, computed by the code that a network would run.
  func evaluate(_ operands: [Tensor], _ results: [TensorType]) throws(GraphError) -> [Tensor] {
    if isView { return [try operands[0].reshaped(results[0].shape.dimensions, as: results[0].element)] }
    var graph = Graph()
    var inputs: [Graph.ValueID] = []
    for operand in operands {
      let type = TensorType(operand.type, try operand.shape)
      inputs.append(graph.add(Graph.Value(name: "constant", type: type, constant: operand)))
    }
    graph.outputs = results.map { graph.add(Graph.Value(name: "result", type: $0)) }
    graph.nodes = [Graph.Node(name: name, computation: self, inputs: inputs, outputs: graph.outputs)]
    let request: InferenceRequest
    do throws(NodeError) {
      request = try Network(graph, maxBatch: 1, threads: 1).makeRequest()
    } catch { throw error.error }
    request.run(batch: 1)
    var tensors: [Tensor] = []
    for (index, result) in results.enumerated() {
      if result.element.isFloating {
        let floats = unsafe request.withOutput(index) { unsafe Array($0) }
        tensors.append(try Tensor(type: result.element, dimensions: result.shape.dimensions, floats: floats))
      } else {
        let bytes = unsafe request.withOutputBytes(index) { unsafe Array($0) }
        tensors.append(try Tensor(type: result.element, dimensions: result.shape.dimensions, bytes: bytes))
      }
    }
    return tensors
  }
}
