// Static memory planning: greedy by size, from the lifetimes of values, into one arena.

internal import Elements

/// Where in one arena each value lies: values that do not live at the same time share memory.
struct MemoryPlan {
  /// Of every value; nil for those no node reads or writes, and for constants that no node reads.
  private(set) var views: [BufferView?]
  private(set) var arenaBytes = 0

  /// Values start at multiples of this many bytes: a cache line.
  private static let alignment = 64

  /// Throws an error of `.overflow` where the arena would be larger than `limit`.
  init(_ graph: Graph, maxBatch: Int) throws(NodeError) {
    let aliases = MemoryAliases(graph)
    let lives = MemoryPlan.lives(graph, aliases)
    var offsets: [Graph.ValueID: Int] = [:]
    var placed: [(range: Range<Int>, life: ClosedRange<Int>)] = []
    // Largest first, each at the lowest offset that is free for all its life.
    let sizes = lives.keys.map { root in
      let type = graph[root].type
      let items = type.shape.isBatched ? maxBatch : 1
      return (root: root, bytes: type.shape.count * items * type.element.stored.byteCount)
    }
    for (root, bytes) in sizes.sorted(by: { ($0.bytes, $1.root.index) > ($1.bytes, $0.root.index) }) {
      guard let life = lives[root] else { continue }
      let size = (bytes + MemoryPlan.alignment - 1) / MemoryPlan.alignment * MemoryPlan.alignment
      var offset = 0
      for other in placed.filter({ $0.life.overlaps(life) }).sorted(by: { $0.range.lowerBound < $1.range.lowerBound })
      where other.range.lowerBound < offset + size && other.range.upperBound > offset {
        offset = other.range.upperBound
      }
      offsets[root] = offset
      placed.append((offset..<offset + size, life))
      arenaBytes = max(arenaBytes, offset + size)
      if arenaBytes > MemoryPlan.limit { throw NodeError(node: "memory plan", error: .overflow) }
    }
    let read = Set(graph.nodes.flatMap(\.inputs))
    var views: [BufferView?] = []
    for (index, value) in graph.values.enumerated() {
      let alias = aliases.aliases[index]
      let element = value.type.element.stored
      let memory: BufferView.Memory
      if let constant = value.constant, read.contains(Graph.ValueID(index: index)) {
        memory = .constant(try NodeError.naming(value.name) { () throws(GraphError) in try constant.stored })
      } else if let offset = offsets[alias.root] {
        memory = .arena(offset + alias.offset * element.byteCount)
      } else {
        views.append(nil)
        continue
      }
      views.append(
        BufferView(
          memory: memory, element: element, dimensions: value.layout.stored(of: value.type.shape),
          isBatched: value.type.shape.isBatched, stride: alias.stride))
    }
    self.views = views
  }

  /// 16 GiB: an arena is address space, of which only what a run touches becomes memory.
  private static let limit = 1 << 34

  /// From the node that first writes into a root's memory to the last that reads there; inputs live from before the
  /// first node, outputs until after the last.
  private static func lives(_ graph: Graph, _ aliases: MemoryAliases) -> [Graph.ValueID: ClosedRange<Int>] {
    var lives: [Graph.ValueID: ClosedRange<Int>] = [:]
    func extend(_ id: Graph.ValueID, to time: Int) {
      if graph[id].constant != nil { return }
      let root = aliases[id].root
      let life = lives[root] ?? time...time
      lives[root] = min(life.lowerBound, time)...max(life.upperBound, time)
    }
    for id in graph.inputs { extend(id, to: -1) }
    for (time, node) in graph.nodes.enumerated() {
      for id in node.inputs + node.outputs { extend(id, to: time) }
    }
    for id in graph.outputs { extend(id, to: graph.nodes.count) }
    return lives
  }
}
