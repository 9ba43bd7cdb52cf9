// Reports which computations of a quantized model run in integers and which in float32.

internal import Elements

/// How a quantized model runs.
package struct QuantizedExecution: Sendable {
  /// The computations on integers; their results have the same bytes on every instruction set.
  package let integers: Int
  /// The computations that run in float32, by the nodes they come from.
  package let floats: [(node: String, operation: String)]
}

extension Graph {
  /// What runs in integers and what does not, once every pass has run; nil for a model without quantized values.
  package func quantizedExecution() throws(NodeError) -> QuantizedExecution? {
    func convertsNumbers(_ computation: any Computation) -> Bool {
      computation is Quantize || computation is Dequantize
    }
    var graph = self
    try graph.optimize()
    guard graph.nodes.contains(where: { $0.computation.runsInIntegers || convertsNumbers($0.computation) }) else {
      return nil
    }
    var (integers, floats): (Int, [(node: String, operation: String)]) = (0, [])
    for node in graph.nodes where !convertsNumbers(node.computation) && !node.computation.isView {
      if node.computation.runsInIntegers || !graph[node.outputs[0]].type.element.isFloating {
        integers += 1
      } else {
        floats.append((node.name, node.computation.name))
      }
    }
    return QuantizedExecution(integers: integers, floats: floats)
  }
}
