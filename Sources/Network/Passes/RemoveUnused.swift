// Dead code elimination.

/// Removes nodes whose results are neither read nor outputs of the graph.
extension Graph {
  mutating func removeUnused() {
    var needed = Set(outputs)
    var kept: [Node] = []
    for node in nodes.reversed() where node.outputs.contains(where: needed.contains) {
      needed.formUnion(node.inputs)
      kept.append(node)
    }
    nodes = kept.reversed()
  }

  mutating func removeNodes(_ indices: Set<Int>) {
    nodes = nodes.indices.filter { !indices.contains($0) }.map { nodes[$0] }
  }
}
