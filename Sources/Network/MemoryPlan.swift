/// Where in one arena each value lies: values that do not live at the same time share memory.
struct MemoryPlan {
  /// Of every value; nil for those no node reads or writes.
  private(set) var places: [Place?]
  private(set) var arenaFloats = 0

  /// Values start at multiples of this many floats: a cache line.
  private static let alignment = 16

  /// Throws an error of `.overflow` where the arena would be larger than `limit` floats.
  init(_ graph: Graph, maxBatch: Int) throws(NodeError) {
    let sharing = Sharing(graph)
    let lives = MemoryPlan.lives(graph, sharing)
    var offsets: [Graph.ValueID: Int] = [:]
    var placed: [(range: Range<Int>, life: ClosedRange<Int>)] = []
    // Largest first, each at the lowest offset that is free for all its life.
    let sizes = lives.keys.map { root in
      let shape = graph.shape(root)
      return (root: root, floats: shape.count * (shape.isBatched ? maxBatch : 1))
    }
    for (root, floats) in sizes.sorted(by: { ($0.floats, $1.root.index) > ($1.floats, $0.root.index) }) {
      guard let life = lives[root] else { continue }
      let size = (floats + MemoryPlan.alignment - 1) / MemoryPlan.alignment * MemoryPlan.alignment
      var offset = 0
      for other in placed.filter({ $0.life.overlaps(life) }).sorted(by: { $0.range.lowerBound < $1.range.lowerBound })
      where other.range.lowerBound < offset + size && other.range.upperBound > offset {
        offset = other.range.upperBound
      }
      offsets[root] = offset
      placed.append((offset..<offset + size, life))
      arenaFloats = max(arenaFloats, offset + size)
      if arenaFloats > MemoryPlan.limit { throw NodeError(node: "memory plan", error: .overflow) }
    }
    places = graph.values.indices.map { index in
      let value = graph.values[index]
      guard let shape = value.shape else { return nil }
      let share = sharing.shares[index]
      let memory: Place.Memory
      if case .floats(let storage)? = value.constant?.contents {
        memory = .constant(storage)
      } else if let offset = offsets[share.root] {
        memory = .arena(offset + share.offset)
      } else {
        return nil
      }
      return Place(
        memory: memory, dimensions: value.layout.stored(of: shape), isBatched: shape.isBatched, stride: share.stride)
    }
  }

  /// 16 GiB: an arena is address space, of which only what a run touches becomes memory.
  private static let limit = 1 << 32

  /// From the node that first writes into a root's memory to the last that reads there; inputs live from before the
  /// first node, outputs until after the last.
  private static func lives(_ graph: Graph, _ sharing: Sharing) -> [Graph.ValueID: ClosedRange<Int>] {
    var lives: [Graph.ValueID: ClosedRange<Int>] = [:]
    func extend(_ id: Graph.ValueID, to time: Int) {
      if graph[id].constant != nil { return }
      let root = sharing[id].root
      let life = lives[root] ?? time...time
      lives[root] = min(life.lowerBound, time)...max(life.upperBound, time)
    }
    for id in graph.inputs { extend(id, to: -1) }
    for (time, node) in graph.nodes.enumerated() {
      for case .some(let id) in node.inputs + node.outputs { extend(id, to: time) }
    }
    for id in graph.outputs { extend(id, to: graph.nodes.count) }
    return lives
  }
}
