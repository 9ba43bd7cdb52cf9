// In-place execution, views and concatenation without copies: decides which values share a buffer.

internal import Elements

/// Where in memory each value is, in terms of other values: views and results written over an operand have their
/// operand's memory, and the parts of a concatenation along the channels are written into its result from the start.
struct MemoryAliases {
  /// `offset` elements into each row of `root`'s memory, whose rows are `stride` elements apart.
  struct Alias {
    var root: Graph.ValueID
    var offset: Int
    var stride: Int
  }

  private(set) var aliases: [Alias]
  private let graph: Graph
  private let uses: Uses

  init(_ graph: Graph) {
    self.graph = graph
    uses = Uses(graph)
    aliases = graph.values.enumerated().map { index, value in
      let stride = value.layout.stored(of: value.type.shape).last ?? 1
      return Alias(root: Graph.ValueID(index: index), offset: 0, stride: stride)
    }
    // From the last to the first: a part may be a concatenation itself, as in DenseNet.
    for node in graph.nodes.reversed() { aliasParts(of: node) }
    for (index, node) in graph.nodes.enumerated() { aliasResult(of: node, at: index) }
  }

  subscript(id: Graph.ValueID) -> Alias { aliases[id.index] }

  private func isChannelConcat(_ node: Graph.Node) -> Bool {
    guard let concat = node.computation as? Concat, case let output = node.outputs[0] else { return false }
    return concat.axis == 1 && graph[output].layout == .channelsLast && graph.shape(output).rank == 4
  }

  private func takesSlices(_ index: Int) -> Bool {
    let node = graph.nodes[index]
    return node.computation is Concat ? isChannelConcat(node) : node.computation.takesSlices
  }

  private mutating func aliasParts(of node: Graph.Node) {
    guard isChannelConcat(node) else { return }
    let whole = node.outputs[0]
    var start = 0
    for part in node.inputs {
      let alias = Alias(root: self[whole].root, offset: self[whole].offset + start, stride: self[whole].stride)
      start += graph.shape(part).dimensions[1]
      guard let writer = uses.writer(of: part), takesSlices(writer), !uses.isOutput(part), self[part].root == part,
        uses.readers(of: part).allSatisfy(takesSlices), node.inputs.count(where: { $0 == part }) == 1
      else { continue }
      aliases[part.index] = alias
    }
  }

  private mutating func aliasResult(of node: Graph.Node, at index: Int) {
    guard let input = node.inputs.first, case let output = node.outputs[0], graph[input].constant == nil,
      self[output].root == output, !holdsParts(output), isWhole(input)
    else { return }
    let sameMemory =
      graph.shape(input).count == graph.shape(output).count
      && graph.shape(input).isBatched == graph.shape(output).isBatched
      && graph[input].type.element.stored.byteCount == graph[output].type.element.stored.byteCount
    let isView =
      node.computation.isView
      || node.computation is LayoutConversion && Layout.isSame(graph.shape(input).dimensions)
    guard sameMemory, isView || node.computation.worksInPlace && isLastUse(input, at: index) else { return }
    aliases[output.index].root = self[input].root
  }

  /// Not a slice of something wider.
  private func isWhole(_ id: Graph.ValueID) -> Bool {
    self[id].offset == 0 && self[id].stride == (graph[id].layout.stored(of: graph.shape(id)).last ?? 1)
  }

  /// Whether other values are slices of this one.
  private func holdsParts(_ id: Graph.ValueID) -> Bool {
    guard let writer = uses.writer(of: id), graph.nodes[writer].computation is Concat else { return false }
    return graph.nodes[writer].inputs.contains { self[$0].root == id }
  }

  /// Whether nothing in the memory of `id` is read after the node at `index`, nor twice by it, nor is an output.
  private func isLastUse(_ id: Graph.ValueID, at index: Int) -> Bool {
    let root = self[id].root
    return graph.values.indices.allSatisfy { other in
      let value = Graph.ValueID(index: other)
      guard self[value].root == root else { return true }
      return !uses.isOutput(value) && uses.readers(of: value).allSatisfy { $0 <= index }
        && graph.nodes[index].inputs.count(where: { $0 == value }) <= 1
    }
  }
}

extension Layout {
  /// The dimensions of `shape` in the order of storage.
  func stored(of shape: Shape) -> [Int] {
    self == .channelsLast && shape.rank == 4 ? stored(shape.dimensions) : shape.dimensions
  }
}
