// Assigns C order or channels-last to every value and inserts the conversions between them.

internal import Elements

/// Chooses each value's layout and converts where neighbours disagree. Convolutions and pooling want channels last; what
/// can work in either follows its operands; the rest stays in C order.
struct LayoutAssignment {
  private var graph: Graph
  private var nodes: [Graph.Node] = []
  /// Conversions made so far, so that a value is converted once.
  private var converted: [Graph.ValueID: Graph.ValueID] = [:]

  static func run(on graph: inout Graph) throws(NodeError) {
    var assignment = LayoutAssignment(graph: graph)
    assignment.preferChannelsLastInputs()
    for node in graph.nodes {
      try NodeError.naming(node.name) { () throws(GraphError) in try assignment.arrange(node) }
    }
    for index in graph.outputs.indices {
      let output = graph.outputs[index]
      assignment.graph.outputs[index] = try NodeError.naming(graph.name(of: output)) { () throws(GraphError) in
        try assignment.value(output, in: .rowMajor)
      }
    }
    assignment.graph.nodes = assignment.nodes
    graph = assignment.graph
  }

  private init(graph: Graph) { self.graph = graph }

  /// An input whose readers all want channels last is filled that way from the start.
  private mutating func preferChannelsLastInputs() {
    let uses = Uses(graph)
    // Per node, whether it wants the channels last, itself or for what it makes of its operand.
    var wants = Array(repeating: false, count: graph.nodes.count)
    func isReadChannelsLast(_ value: Graph.ValueID) -> Bool {
      let readers = uses.readers(of: value)
      return !uses.isOutput(value) && !readers.isEmpty && readers.allSatisfy { wants[$0] }
    }
    // From the last to the first: a node's readers come after it.
    for (index, node) in graph.nodes.enumerated().reversed() {
      switch node.computation.layoutRule {
      case .channelsLast: wants[index] = true
      case .rowMajor: break
      case .either: wants[index] = node.inputs.count == 1 && node.outputs.allSatisfy(isReadChannelsLast)
      }
    }
    for input in graph.inputs where graph.shape(input).rank == 4 {
      if isReadChannelsLast(input) { graph[input].layout = .channelsLast }
    }
  }

  private mutating func arrange(_ node: Graph.Node) throws(GraphError) {
    var node = node
    if let transpose = node.computation as? Permutation, try renamed(&node, transpose.order) {
      nodes.append(node)
      return
    }
    let layout = try layout(for: &node)
    for position in node.inputs.indices {
      node.inputs[position] = try value(node.inputs[position], in: layout)
    }
    for output in node.outputs where graph.shape(output).rank == 4 { graph[output].layout = layout }
    nodes.append(node)
  }

  /// Between a picture stored channels-last and (n, height, width, channels) a transpose is another name for the same memory.
  private mutating func renamed(_ node: inout Graph.Node, _ order: [Int]) throws(GraphError) -> Bool {
    let (input, output) = (node.inputs[0], node.outputs[0])
    guard graph[input].constant == nil, graph[input].type.element.isFloating else { return false }
    switch order {
    case [0, 2, 3, 1]: node.inputs[0] = try value(input, in: .channelsLast)
    case [0, 3, 1, 2]:
      node.inputs[0] = try value(input, in: .rowMajor)
      graph[output].layout = .channelsLast
    default: return false
    }
    node.computation = View(name: "Transpose")
    return true
  }

  /// The layout a node works in. A constant of lower rank gets the missing dimensions, so that it can be arranged too. Where an
  /// operand has more than four dimensions, so has what the others broadcast to, and they are read in C order.
  private mutating func layout(for node: inout Graph.Node) throws(GraphError) -> Layout {
    switch node.computation.layoutRule {
    case .rowMajor: return .rowMajor
    case .channelsLast: return .channelsLast
    case .either:
      let ids = node.inputs
      guard ids.contains(where: { graph[$0].layout == .channelsLast }),
        ids.allSatisfy({ graph.shape($0).rank == 4 || graph.shape($0).rank < 4 && graph[$0].constant != nil })
      else { return .rowMajor }
      for position in node.inputs.indices {
        let id = node.inputs[position]
        guard let constant = graph[id].constant, constant.dimensions.count < 4 else { continue }
        let dimensions = Array(repeating: 1, count: 4 - constant.dimensions.count) + constant.dimensions
        let full = graph.addCopy(of: id, suffix: "/4d", shape: try Shape(dimensions))
        graph[full].constant = try constant.reshaped(dimensions)
        node.inputs[position] = full
      }
      return .channelsLast
    }
  }

  /// `id` in `layout`, through a conversion where it lies otherwise. Only four dimensions have a choice.
  private mutating func value(_ id: Graph.ValueID, in layout: Layout) throws(GraphError) -> Graph.ValueID {
    if graph[id].layout == layout || graph.shape(id).rank != 4 { return id }
    if let known = converted[id] { return known }
    let copy = graph.addCopy(of: id, suffix: "/\(layout)", shape: graph.shape(id))
    graph[copy].layout = layout
    converted[id] = copy
    if let constant = graph[id].constant {
      graph[copy].constant = try constant.arranged(layout)
    } else {
      nodes.append(
        Graph.Node(name: graph[id].name, computation: LayoutConversion(to: layout), inputs: [id], outputs: [copy]))
    }
    return copy
  }
}

extension Tensor {
  /// The elements in the order of `layout`, still under the logical dimensions.
  fileprivate func arranged(_ layout: Layout) throws(GraphError) -> Tensor {
    guard layout == .channelsLast, !Layout.isSame(dimensions) else { return self }
    return try gathered(StridedView(permuting: dimensions, [0, 2, 3, 1]).positions, dimensions: dimensions)
  }
}
