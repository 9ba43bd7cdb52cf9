// Moves strides of 1×1 convolutions towards the input, so that unused positions are not computed.

/// A value that only 1×1 convolutions of stride s read is needed at every s-th row and column alone. The stride moves
/// into what computes it, through activations, additions, quantization and 1×1 convolutions, as far as it goes: the same answer from
/// less arithmetic. In ResNet v1 this is the last block of stages 1 to 3.
extension Graph {
  mutating func propagateStrides() {
    // Each round moves one stride towards the input, so the rounds end.
    while true {
      let uses = Uses(self)
      let leads = leadingToConvolutions(uses)
      guard let (value, strides) = nextSparselyReadValue(uses, leads) else { return }
      thin(value, by: strides, uses, leads)
    }
  }

  /// A computed value that is read only by 1×1 convolutions of one common stride, and that a convolution leads to.
  ///
  /// - Parameter leads: see `leadingToConvolutions`; here and below.
  private func nextSparselyReadValue(_ uses: Uses, _ leads: [Bool]) -> (ValueID, Window.Size)? {
    for node in nodes.reversed() {
      guard let strides = pushableStrides(node), case let value = node.inputs[0], !uses.isOutput(value) else {
        continue
      }
      let agree = uses.readers(of: value).allSatisfy { pushableStrides(nodes[$0]) == strides }
      if agree, let writer = uses.writer(of: value), leads[writer] { return (value, strides) }
    }
    return nil
  }

  private func pushableStrides(_ node: Node) -> Window.Size? {
    guard let convolution = node.computation as? Convolution, convolution.isPointwise, !convolution.window.strides.isOne
    else { return nil }
    return convolution.window.strides
  }

  /// Per node, whether computing it sparsely lets a convolution compute sparsely.
  private func leadingToConvolutions(_ uses: Uses) -> [Bool] {
    var leads: [Bool] = []
    // What writes an operand comes before the node.
    for (index, node) in nodes.enumerated() {
      switch node.computation {
      case is Convolution: leads.append(true)
      case is Activate, is ScaleShift, is Arithmetic, is Quantize, is Dequantize:
        leads.append(
          isPositionwise(node)
            && node.inputs.contains { input in
              guard uses.onlyReader(of: input) == index, let writer = uses.writer(of: input) else { return false }
              return leads[writer]
            })
      default: leads.append(false)
      }
    }
    return leads
  }

  /// Every operand has the result's shape.
  private func isPositionwise(_ node: Node) -> Bool {
    let output = node.outputs[0]
    return shape(output).rank == 4
      && node.inputs.allSatisfy { shape($0) == shape(output) && self[$0].constant == nil }
  }

  // MARK: Rewriting

  /// The readers of `value` lose their stride, what writes it gains it.
  private mutating func thin(_ value: ValueID, by strides: Window.Size, _ uses: Uses, _ leads: [Bool]) {
    for reader in uses.readers(of: value) {
      guard var convolution = nodes[reader].computation as? Convolution else { continue }
      convolution.window.strides = .init(1, 1)
      nodes[reader].computation = convolution
    }
    var selections: [Node] = []
    compute(value, sparselyBy: strides, uses, leads, &selections)
    for selection in selections {
      let reader = nodes.firstIndex { $0.inputs.contains(selection.outputs[0]) }
      nodes.insert(selection, at: reader ?? nodes.endIndex)
    }
  }

  /// Shrinks `value` and what it is computed from, back to the convolutions, and makes the nodes in between compute no more
  /// than that. Before an operand that has other readers, or that no convolution leads to, a node selects the positions.
  private mutating func compute(
    _ value: ValueID, sparselyBy strides: Window.Size, _ uses: Uses, _ leads: [Bool], _ selections: inout [Node]
  ) {
    var pending = [value]
    while let value = pending.popLast() {
      guard let writer = uses.writer(of: value) else { continue }
      self[value].type = TensorType(self[value].type.element, thinned(shape(value), strides))
      if var convolution = nodes[writer].computation as? Convolution {
        convolution.multiplyStrides(by: strides, over: shape(nodes[writer].inputs[0]))
        nodes[writer].computation = convolution
        continue
      }
      for (position, input) in nodes[writer].inputs.enumerated() {
        if uses.onlyReader(of: input) == writer, let next = uses.writer(of: input), leads[next] {
          pending.append(input)
          continue
        }
        let selection = selection(of: input, by: strides, for: nodes[writer])
        selections.append(selection)
        nodes[writer].inputs[position] = selection.outputs[0]
      }
    }
  }

  /// The positions of `input` that `reader` needs still.
  private mutating func selection(of input: ValueID, by strides: Window.Size, for reader: Node) -> Node {
    let whole = shape(input)
    let sparse = addCopy(of: input, suffix: "/sparse", shape: thinned(whole, strides))
    let selection = Select(
      name: "Subsample",
      positions: [
        nil, nil, Array(stride(from: 0, to: whole.dimensions[2], by: strides.height)),
        Array(stride(from: 0, to: whole.dimensions[3], by: strides.width)),
      ])
    return Node(name: reader.name, computation: selection, inputs: [input], outputs: [sparse])
  }

  private func thinned(_ shape: Shape, _ strides: Window.Size) -> Shape {
    let (height, width) = (shape.dimensions[2], shape.dimensions[3])
    let dimensions = [
      shape.dimensions[0], shape.dimensions[1], (height + strides.height - 1) / strides.height,
      (width + strides.width - 1) / strides.width,
    ]
    guard let result = try? shape.with(dimensions) else { preconditionFailure("a smaller shape is a valid one") }
    return result
  }
}
