internal import Elements
internal import Network

/// GraphProto to `OperatorGraph`: values by name, each defined once and before it is read.
struct GraphImport {
  private let opset: Int
  private let files: ModelFiles
  private var graph = OperatorGraph()
  private var values: [String: OperatorGraph.ValueID] = [:]

  init(opset: Int, files: ModelFiles) {
    self.opset = opset
    self.files = files
  }

  consuming func graph(_ message: GraphMessage, onesAreBatches: Bool) throws(ModelError) -> OperatorGraph {
    for initializer in message.initializers { try add(initializer) }
    // Before IR version 4 every initializer is listed as an input too.
    let initialized = Set(message.initializers.map(\.name))
    for input in message.inputs where !initialized.contains(input.name) { try add(input, onesAreBatches) }
    let written = Set(message.nodes.flatMap(\.outputs))
    for (index, node) in message.nodes.enumerated() { try add(node, index, written) }
    for output in message.outputs {
      guard let id = values[output.name] else { throw .missingOutput(output.name) }
      graph.addOutput(id)
    }
    return graph
  }

  private mutating func define(_ name: String, _ id: OperatorGraph.ValueID) throws(ModelError) {
    if values.updateValue(id, forKey: name) != nil { throw .duplicate(value: name) }
  }

  private mutating func add(_ initializer: TensorMessage) throws(ModelError) {
    let tensor = try initializer.tensor(files)
    try define(initializer.name, graph.addConstant(name: initializer.name, tensor))
  }

  private mutating func add(_ input: ValueMessage, _ onesAreBatches: Bool) throws(ModelError) {
    guard let dimensions = input.dimensions, let code = input.elementType else {
      throw .input(name: input.name, .notTensor)
    }
    guard let type = ElementType(onnx: code) else { throw .input(name: input.name, .type(code)) }
    var (sizes, isBatched): ([Int], Bool) = ([], false)
    for (axis, dimension) in dimensions.enumerated() {
      switch dimension {
      case .size(let size) where axis == 0 && size <= 0:
        isBatched = true
        sizes.append(1)
      case .size(let size):
        guard size > 0 else { throw .input(name: input.name, .dynamic(dimension: String(size))) }
        if axis == 0 && size == 1 && onesAreBatches { isBatched = true }
        sizes.append(size)
      case .name(let name):
        guard axis == 0 else { throw .input(name: input.name, .dynamic(dimension: name)) }
        isBatched = true
        sizes.append(1)
      }
    }
    let shape: Shape
    do throws(GraphError) { shape = try Shape(sizes, isBatched: isBatched) } catch {
      throw .input(name: input.name, .dimensions)
    }
    try define(input.name, graph.addInput(name: input.name, type: type, shape: shape))
  }

  private mutating func add(_ node: NodeMessage, _ index: Int, _ written: Set<String>) throws(ModelError) {
    let label = node.name.isEmpty ? "\(node.operatorType)#\(index)" : node.name
    if isQuantization(node.operatorType) { throw .quantized(node: label, operatorType: node.operatorType) }
    guard isStandard(node.domain), let importer = operatorTable[node.operatorType] else {
      let type = isStandard(node.domain) ? node.operatorType : "\(node.domain).\(node.operatorType)"
      throw .unsupportedOperator(node: label, operatorType: type)
    }
    var inputs: [OperatorGraph.ValueID?] = []
    for name in node.inputs {
      if name.isEmpty {
        inputs.append(nil)
      } else if let id = values[name] {
        inputs.append(id)
      } else {
        throw written.contains(name) ? .cycle(node: label, value: name) : .undefined(node: label, value: name)
      }
    }
    var outputs: [OperatorGraph.ValueID?] = []
    for name in node.outputs { outputs.append(name.isEmpty ? nil : graph.addValue(name: name)) }
    var site = NodeImport(
      name: label, opset: opset, inputs: inputs, outputs: outputs, attributes: try Attributes(node, files),
      graph: graph)
    do throws(GraphError) {
      try importer(&site)
      try site.attributes.requireAllRead()
    } catch { throw .node(NodeError(node: label, error: error)) }
    graph = site.graph
    for (name, id) in zip(node.outputs, outputs) {
      if let id { try define(name, id) }
    }
  }

  /// The operators of quantised models, the contributed ones included.
  private func isQuantization(_ type: String) -> Bool {
    type.hasPrefix("QLinear") || type.hasSuffix("QuantizeLinear") || type.hasSuffix("DequantizeLinear")
      || type == "ConvInteger" || type == "MatMulInteger"
      || type.hasPrefix("DynamicQuantize")
  }
}
