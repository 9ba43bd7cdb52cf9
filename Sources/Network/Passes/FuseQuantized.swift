// Replaces dequantize, compute, quantize sequences with computations on integers.

internal import Elements
internal import Kernels

/// What runs in integers: a computation whose operands come from DequantizeLinear and whose result goes to
/// QuantizeLinear becomes one on bytes. Convolutions and matrix products may have real results too. Relu and Clip on the
/// way become a range. What finds no such neighbours stays as it is and runs in float32.
extension Graph {
  mutating func fuseQuantized() {
    var fusion = QuantizedFusion(self)
    for index in nodes.indices { fusion.visit(index) }
    self = fusion.result
    removeUnused()
    addQuantizedResiduals()
  }
}

private struct QuantizedFusion {
  private var graph: Graph
  private let uses: Uses
  /// Nodes that went into others.
  private var removed = Set<Int>()
  /// Nodes that go in front of others.
  private var inserted: [Int: [Graph.Node]] = [:]

  init(_ graph: Graph) {
    self.graph = graph
    uses = Uses(graph)
  }

  var result: Graph {
    var result = graph
    result.nodes = graph.nodes.indices.flatMap { index in
      removed.contains(index) ? [] : inserted[index, default: []] + [graph.nodes[index]]
    }
    return result
  }

  mutating func visit(_ index: Int) {
    if removed.contains(index) { return }
    switch graph.nodes[index].computation {
    case let convolution as Convolution: fuse(convolution, at: index)
    case let dense as Dense: fuse(dense, at: index)
    case let arithmetic as Arithmetic: fuse(arithmetic, at: index)
    case let pooling as Pooling: fuse(pooling, at: index)
    case let pooling as GlobalPooling: fuse(pooling, at: index)
    case let concat as Concat: fuse(concat, at: index)
    case let activate as Activate: fuse(activate, at: index)
    case let quantize as Quantize: requantize(quantize, at: index)
    default: break
    }
  }

  // MARK: Neighbours

  /// A tensor of bytes.
  private struct Bytes {
    let value: Graph.ValueID
    let quantization: ByteQuantization
    /// (channels), where they have scales of their own; the quantization's is then 1.
    var channelScales: [Float]?
  }

  /// The bytes that `value` is made of.
  private func bytes(_ value: Graph.ValueID) -> Bytes? {
    guard let writer = uses.writer(of: value), let dequantize = graph.nodes[writer].computation as? Dequantize,
      let quantization = dequantize.quantization.bytes
    else { return nil }
    return Bytes(value: graph.nodes[writer].inputs[0], quantization: quantization)
  }

  /// The same, or bytes with a scale for each channel.
  private func bytesByChannel(_ value: Graph.ValueID) -> Bytes? {
    if let bytes = bytes(value) { return bytes }
    guard let writer = uses.writer(of: value), let dequantize = graph.nodes[writer].computation as? Dequantize,
      let channels = ChannelBytes(dequantize.quantization)
    else { return nil }
    return Bytes(
      value: graph.nodes[writer].inputs[0], quantization: channels.quantization, channelScales: channels.scales)
  }

  /// Where a result goes.
  private struct Sink {
    var value: Graph.ValueID
    /// What Relu and Clip on the way leave of the real numbers.
    var low = -Float.infinity
    var high = Float.infinity
    /// Of bytes; nil for real numbers.
    var range: QuantizedRange?
    /// (channels), where they have scales of their own; the range's is then 1.
    var channelScales: [Float]?
    /// The nodes on the way.
    var nodes: [Int] = []
  }

  /// Follows `value` through Relu and Clip to QuantizeLinear, while nothing else reads what lies between.
  ///
  /// - Parameter byChannel: whether the QuantizeLinear may have a scale for each channel.
  private func sink(_ value: Graph.ValueID, byChannel: Bool = false) -> Sink {
    var sink = Sink(value: value)
    while let reader = uses.onlyReader(of: sink.value) {
      let node = graph.nodes[reader]
      if let quantize = node.computation as? Quantize, let quantization = quantize.quantization.bytes {
        sink.range = QuantizedRange(quantization, low: sink.low, high: sink.high)
      } else if byChannel, let quantize = node.computation as? Quantize,
        let channels = ChannelBytes(quantize.quantization),
        let range = channels.range(low: sink.low, high: sink.high)
      {
        sink.range = range
        sink.channelScales = channels.scales
      } else if let activate = node.computation as? Activate, let range = activate.function.range {
        sink.low = min(max(sink.low, range.low), range.high)
        sink.high = min(max(sink.high, range.low), range.high)
      } else {
        break
      }
      sink.value = node.outputs[0]
      sink.nodes.append(reader)
      if sink.range != nil { break }
    }
    return sink
  }

  /// The node at `index` becomes `computation` and writes what `sink` leads to. Everything it reads exists there.
  private mutating func replace(
    _ index: Int, _ computation: any Computation, inputs: [Graph.ValueID], _ sink: Sink
  ) {
    graph.nodes[index].computation = computation
    graph.nodes[index].inputs = inputs
    graph.nodes[index].outputs = [sink.value]
    removed.formUnion(sink.nodes)
  }

  // MARK: Products

  private mutating func fuse(_ convolution: Convolution, at index: Int) {
    let node = graph.nodes[index]
    // Where every input channel has its own weights, its scale goes into theirs.
    let isChannelwise = convolution.groups == graph.shape(node.inputs[0]).dimensions[1]
    guard let input = isChannelwise ? bytesByChannel(node.inputs[0]) : bytes(node.inputs[0]),
      !convolution.addsResidual, convolution.scale == nil, convolution.activation == .none
    else { return }
    let sink = sink(node.outputs[0], byChannel: true)
    guard let product = product(input, convolution.weights, outputAxis: 0, bias: convolution.bias, sink) else { return }
    let fused = QuantizedConvolution(
      window: convolution.window, groups: convolution.groups, weights: product.weights, bias: product.bias,
      input: input.quantization, output: product.output, outputScales: sink.channelScales)
    replace(index, fused, inputs: [input.value], sink)
  }

  private mutating func fuse(_ dense: Dense, at index: Int) {
    let node = graph.nodes[index]
    guard let input = bytes(node.inputs[0]), dense.activation == .none, dense.scale == nil else { return }
    let sink = sink(node.outputs[0])
    guard
      let product = product(
        input, dense.weights, outputAxis: dense.layout == .inputsFirst ? 1 : 0, bias: dense.bias,
        factor: dense.factor, sink)
    else { return }
    let fused = QuantizedDense(
      weights: product.weights, layout: dense.layout, bias: product.bias, input: input.quantization,
      output: product.output)
    replace(index, fused, inputs: [input.value], sink)
  }

  private struct Product {
    let weights: ByteWeights
    let bias: [Int32]?
    let output: QuantizedOutput
  }

  /// nil where the product cannot be one of bytes, or where its sums might leave int32.
  private func product(
    _ input: Bytes, _ weights: Tensor, outputAxis: Int, bias: [Float]?, factor: Float = 1, _ sink: Sink
  ) -> Product? {
    guard let (integers, stated) = weights.quantized, stated.element == .int8 || stated.element == .uint8,
      stated.axis == nil || stated.axis == outputAxis,
      let scaled = stated.scaled(
        by: factor, input.channelScales, axis: outputAxis, outputs: weights.dimensions[outputAxis])
    else { return nil }
    let depth = weights.count / max(1, weights.dimensions[outputAxis])
    guard depth <= (1 << 30) / (255 * 255) else { return nil }
    let units = scaled.scales.map { input.quantization.scale * $0 }
    let divisors = sink.channelScales ?? [sink.range?.quantization.scale ?? 1]
    let sums = SumBounds(weights: integers, quantization: scaled, outputAxis: outputAxis, input: input.quantization)
    guard
      (0..<max(units.count, divisors.count)).allSatisfy({ (units.at($0) / divisors.at($0)).isNormal }),
      let integerBias = sums.integerBias(bias, units: units, divisors: divisors)
    else { return nil }
    let output = sink.range.map(QuantizedOutput.bytes) ?? .floats(low: sink.low, high: sink.high)
    return Product(
      weights: ByteWeights(integers: integers, quantization: scaled), bias: integerBias, output: output)
  }

  // MARK: The rest

  private mutating func fuse(_ arithmetic: Arithmetic, at index: Int) {
    let node = graph.nodes[index]
    guard arithmetic.kind == .add || arithmetic.kind == .multiply, arithmetic.activation == .none,
      var a = bytes(node.inputs[0]), var b = bytes(node.inputs[1]), case let sink = sink(node.outputs[0]),
      let range = sink.range
    else { return }
    let scalesChannels = graph.shape(a.value) != graph.shape(b.value)
    if scalesChannels {
      // A number per channel and item times all pixels, in either order.
      if graph.shape(a.value).count < graph.shape(b.value).count { swap(&a, &b) }
      let (whole, scale) = (graph.shape(a.value), graph.shape(b.value))
      guard arithmetic.kind == .multiply, whole.rank == 4, whole.dimensions[0] == 1,
        scale.dimensions == [1, whole.dimensions[1], 1, 1], whole.isBatched == scale.isBatched
      else { return }
    }
    let fused = QuantizedArithmetic(
      kind: arithmetic.kind, a: a.quantization, b: b.quantization, output: range,
      scalesChannels: scalesChannels)
    guard fused.hasNormalMultipliers else { return }
    replace(index, fused, inputs: [a.value, b.value], sink)
  }

  private mutating func fuse(_ pooling: Pooling, at index: Int) {
    guard case .average(let countsPadding) = pooling.kind else { return }
    fuse(.windows(pooling, countsPadding: countsPadding), at: index)
  }

  private mutating func fuse(_ pooling: GlobalPooling, at index: Int) {
    if pooling.kind == .average { fuse(.global, at: index) }
  }

  private mutating func fuse(_ kind: QuantizedPooling.Kind, at index: Int) {
    let node = graph.nodes[index]
    guard let input = bytes(node.inputs[0]), case let sink = sink(node.outputs[0]), let range = sink.range,
      (input.quantization.scale / range.quantization.scale).isNormal
    else { return }
    replace(
      index, QuantizedPooling(kind: kind, input: input.quantization, output: range), inputs: [input.value], sink)
  }

  /// Parts of another quantization than the result's are converted first.
  private mutating func fuse(_ concat: Concat, at index: Int) {
    let node = graph.nodes[index]
    let parts = node.inputs.compactMap(bytes)
    guard parts.count == node.inputs.count, case let sink = sink(node.outputs[0]), let range = sink.range else {
      return
    }
    let converted = parts.map { part in
      if QuantizedRange(part.quantization) == range { return part.value }
      let copy = graph.addCopy(of: part.value, suffix: "/requantized", shape: graph.shape(part.value))
      graph[copy].type = TensorType(graph[sink.value].type.element, graph.shape(part.value))
      inserted[index, default: []].append(
        Graph.Node(
          name: node.name, computation: ByteTable.requantize(part.quantization, to: range), inputs: [part.value],
          outputs: [copy]))
      return copy
    }
    replace(index, concat, inputs: converted, sink)
  }

  private mutating func fuse(_ activate: Activate, at index: Int) {
    let node = graph.nodes[index]
    guard let input = bytes(node.inputs[0]), case let sink = sink(node.outputs[0]), let range = sink.range else {
      return
    }
    let table = ByteTable(activate.name, from: input.quantization, to: range) { activate.function($0) }
    replace(index, table, inputs: [input.value], sink)
  }

  /// QuantizeLinear right after DequantizeLinear.
  private mutating func requantize(_ quantize: Quantize, at index: Int) {
    let node = graph.nodes[index]
    guard let input = bytes(node.inputs[0]), let output = quantize.quantization.bytes else { return }
    let sink = Sink(value: node.outputs[0])
    if input.quantization == output {
      replace(index, View(name: "Identity", keepsShape: true), inputs: [input.value], sink)
    } else {
      let table = ByteTable.requantize(input.quantization, to: QuantizedRange(output))
      replace(index, table, inputs: [input.value], sink)
    }
  }
}

extension Activation {
  /// The interval that a function which only limits its argument leaves; nil for the others.
  var range: (low: Float, high: Float)? {
    switch self {
    case .none: (-.infinity, .infinity)
    case .relu: (0, .infinity)
    case .clip(let low, let high): (low, high)
    default: nil
    }
  }
}
