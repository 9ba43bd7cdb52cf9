// Inlines model-local functions and selected If branches, renaming values so that names stay unique.

internal import Network

/// A model's nodes as one list: calls of its own functions are replaced by their bodies, and an If by the branch that is
/// taken, every value under a name of its own.
struct Expansion {
  struct Node {
    /// With model-wide names.
    let message: NodeMessage
    /// What an error message calls it.
    let label: String
    let scope: Scope
    /// How many calls and branches it is inside.
    let depth: Int
  }

  private struct FunctionName: Hashable {
    let domain: String
    let name: String
    let overload: String
  }

  private(set) var nodes: [Node] = []
  private(set) var initializers: [String: TensorMessage] = [:]
  private(set) var sparseInitializers: Set<String> = []
  private let functions: [FunctionName: FunctionMessage]
  private var scopeCount = 0

  /// The limits of nesting and of the list's length: a few functions that each call another twice would otherwise fill
  /// the memory.
  private static let depthLimit = 64
  private static let nodeLimit = 1 << 18

  init(_ graph: GraphMessage, functions: [FunctionMessage], opset: Int) throws(ModelError) {
    self.functions = Dictionary(
      functions.map { (FunctionName(domain: $0.domain, name: $0.name, overload: $0.overload), $0) },
      uniquingKeysWith: { first, _ in first })
    let scope = Scope(opset: opset)
    try add(graph, scope)
    nodes = try expanded(graph.nodes, scope, depth: 0)
  }

  private mutating func add(_ graph: GraphMessage, _ scope: Scope) throws(ModelError) {
    for initializer in graph.initializers {
      let name = scope.global(initializer.name)
      if initializers.updateValue(initializer, forKey: name) != nil { throw .duplicate(value: name) }
    }
    sparseInitializers.formUnion(graph.sparseInitializers.map(scope.global))
  }

  /// `messages` of `scope`, function calls replaced.
  private mutating func expanded(
    _ messages: [NodeMessage], _ scope: Scope, depth: Int
  ) throws(ModelError) -> [Node] {
    var result: [Node] = []
    for (index, message) in messages.enumerated() {
      let label = message.name.isEmpty ? "\(message.operatorType)#\(index)" : message.name
      let node = Node(message: renamed(message, scope), label: label, scope: scope, depth: depth)
      let name = FunctionName(domain: message.domain, name: message.operatorType, overload: message.overload)
      if let function = functions[name] {
        guard depth < Self.depthLimit else { throw .expansion(node: label) }
        result += try body(of: function, calledBy: node, depth: depth + 1)
      } else {
        result.append(node)
      }
      guard nodes.count + result.count <= Self.nodeLimit else { throw .expansion(node: label) }
    }
    return result
  }

  private func renamed(_ message: NodeMessage, _ scope: Scope) -> NodeMessage {
    var message = message
    message.inputs = message.inputs.map(scope.global)
    message.outputs = message.outputs.map(scope.global)
    // A reference to an attribute that the call leaves out is an attribute that is left out.
    message.attributes = message.attributes.compactMap { attribute in
      guard let reference = attribute.reference else { return attribute }
      var value = scope.attributes[reference]
      value?.name = attribute.name
      return value
    }
    return message
  }

  private mutating func nextPrefix(_ label: String) -> String {
    scopeCount += 1
    return "\(label)#\(scopeCount)/"
  }

  // MARK: Functions

  private mutating func body(
    of function: FunctionMessage, calledBy call: Node, depth: Int
  ) throws(ModelError) -> [Node] {
    guard call.message.inputs.count <= function.inputs.count, call.message.outputs.count <= function.outputs.count
    else {
      throw .call(node: call.label, function: function.name)
    }
    var attributes: [String: AttributeMessage] = [:]
    for attribute in function.attributes + call.message.attributes { attributes[attribute.name] = attribute }
    let opset = function.opsets.first { isStandard($0.domain) }?.version ?? call.scope.opset
    let scope = Scope(prefix: nextPrefix(call.label), opset: opset, attributes: attributes)
    for (position, name) in function.inputs.enumerated() {
      scope.define(name, as: position < call.message.inputs.count ? call.message.inputs[position] : "")
    }
    let copies = connect(function.outputs, of: scope, to: call, depth: depth)
    return try expanded(function.nodes, scope, depth: depth) + copies
  }

  /// The results of a body or branch get the names of the caller's results. What has a name already (an input that is
  /// handed through, a result that is listed twice) is copied.
  private func connect(_ outputs: [String], of scope: Scope, to call: Node, depth: Int) -> [Node] {
    var copies: [Node] = []
    for (name, global) in zip(outputs, call.message.outputs) where !global.isEmpty {
      if scope.isDefinedHere(name) {
        let copy = NodeMessage(copying: scope.global(name), to: global)
        copies.append(Node(message: copy, label: call.label, scope: scope, depth: depth))
      } else {
        scope.define(name, as: global)
      }
    }
    return copies
  }

  // MARK: Branches

  /// Replaces the If at `index` by the nodes of one of its branches.
  mutating func takeBranch(_ condition: Bool, at index: Int) throws(ModelError) {
    let node = nodes[index]
    let name = condition ? "then_branch" : "else_branch"
    guard let reader = node.message.attributes.first(where: { $0.name == name })?.graph else {
      throw .node(NodeError(node: node.label, error: .attribute(name)))
    }
    let depth = node.depth + 1
    guard depth <= Self.depthLimit else { throw .expansion(node: node.label) }
    let branch = try GraphMessage(reader)
    let scope = Scope(inside: node.scope, prefix: nextPrefix(node.label))
    for initializer in branch.initializers { scope.define(initializer.name) }
    for case let name in branch.nodes.flatMap(\.outputs) where !name.isEmpty { scope.define(name) }
    // A branch's results are always copied: they may be values from outside.
    let copies = zip(branch.outputs, node.message.outputs).filter { !$1.isEmpty }.map { output, global in
      Node(
        message: NodeMessage(copying: scope.global(output.name), to: global), label: node.label, scope: scope,
        depth: depth)
    }
    try add(branch, scope)
    nodes.remove(at: index)
    nodes.insert(contentsOf: try expanded(branch.nodes, scope, depth: depth) + copies, at: index)
  }
}
