// The passes around products of matrices: attention found as a whole, views absorbed, factors, columns and residuals taken in; each network
// computes what the unrewritten operators compute.

import Testing

@testable import Network

/// Networks of rows: x is (1, 6, 24).
@Suite struct AttentionPassTests {
  /// A graph under construction.
  private struct Builder {
    var graph = OperatorGraph()
    let x: OperatorGraph.ValueID
    var random: UInt64 = 7

    init() throws { x = graph.addInput(name: "x", type: .float32, shape: try Shape([1, 6, 24], isBatched: true)) }

    mutating func apply(_ operation: any Operator, _ inputs: OperatorGraph.ValueID...) -> OperatorGraph.ValueID {
      let output = graph.addValue(name: "v\(graph.values.count)")
      graph.addNode(name: graph.name(of: output), operation, inputs: inputs, outputs: [output])
      return output
    }
    mutating func split(_ value: OperatorGraph.ValueID, parts: Int, axis: Int) -> [OperatorGraph.ValueID] {
      let outputs = (0..<parts).map { graph.addValue(name: "part\($0)") }
      graph.addNode(name: "split", Split(axis: axis, sizes: nil, parts: parts), inputs: [value], outputs: outputs)
      return outputs
    }
    mutating func noise(_ dimensions: [Int]) throws -> OperatorGraph.ValueID {
      let floats = (0..<dimensions.reduce(1, *)).map { _ in number() }
      return graph.addConstant(name: "c\(graph.values.count)", try Tensor(dimensions: dimensions, floats: floats))
    }
    mutating func number() -> Float {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(random >> 40) / Float(1 << 24) - 0.5
    }
    mutating func scalar(_ value: Float) throws -> OperatorGraph.ValueID {
      graph.addConstant(name: "s\(graph.values.count)", try Tensor(dimensions: [], floats: [value]))
    }
    mutating func reshape(_ value: OperatorGraph.ValueID, _ dimensions: [Int]) throws -> OperatorGraph.ValueID {
      let shape = graph.addConstant(
        name: "shape\(graph.values.count)", try Tensor(dimensions: [dimensions.count], integers: dimensions))
      return apply(Reshape("Reshape", .dimensions(allowZero: false)), value, shape)
    }
    mutating func transpose(_ value: OperatorGraph.ValueID, _ order: [Int]) -> OperatorGraph.ValueID {
      apply(Transpose(permutation: order), value)
    }
  }

  /// The computations that are left, and the output for two images, once with every value of the graph an output too, so that nothing is
  /// fused.
  private func run(
    _ build: (inout Builder) throws -> OperatorGraph.ValueID
  ) throws -> (names: [String], fused: [Float], plain: [Float]) {
    var builder = try Builder()
    let output = try build(&builder)
    var fused = builder.graph
    fused.addOutput(output)
    var plain = fused
    for index in plain.values.indices {
      let id = OperatorGraph.ValueID(index: index)
      if case .node = plain.values[index].source, id != output { plain.addOutput(id) }
    }
    var optimized = try fused.resolve()
    try optimized.optimize()
    let input = (0..<2 * 6 * 24).map { _ in builder.number() }
    return (optimized.nodes.map(\.computation.name), try result(fused, input), try result(plain, input))
  }

  private func result(_ graph: OperatorGraph, _ input: [Float]) throws -> [Float] {
    let request = try Network(try graph.resolve(), maxBatch: 2, threads: 2).makeRequest()
    unsafe request.withInput(0) { buffer in
      for index in input.indices { unsafe buffer[index] = input[index] }
    }
    request.run(batch: 2)
    return unsafe request.withOutput(0) { unsafe Array($0) }
  }

  private func expectSame(_ a: [Float], _ b: [Float]) {
    #expect(a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  /// Attention as exporters write it, over two heads of depth 4.
  private func attention(_ builder: inout Builder, biases: Int, scalesQueries: Bool) throws -> OperatorGraph.ValueID {
    let heads = try builder.reshape(builder.x, [-1, 6, 3, 2, 4])
    let apart = builder.transpose(heads, [0, 2, 3, 1, 4])
    let parts = builder.split(apart, parts: 3, axis: 1)
    var (q, k, v) = (
      try builder.reshape(parts[0], [-1, 2, 6, 4]), try builder.reshape(parts[1], [-1, 2, 6, 4]),
      try builder.reshape(parts[2], [-1, 2, 6, 4])
    )
    let half = try builder.scalar(0.5)
    if scalesQueries { q = builder.apply(Arithmetic(.multiply), q, half) }
    k = builder.transpose(k, [0, 1, 3, 2])
    var scores = builder.apply(MatrixProduct(), q, k)
    if !scalesQueries { scores = builder.apply(Arithmetic(.multiply), scores, half) }
    if biases > 0 { scores = builder.apply(Arithmetic(.add), scores, try builder.noise([1, 2, 6, 6])) }
    if biases > 1 {
      // As windows are masked: through another shape and back.
      scores = try builder.reshape(scores, [-1, 1, 2, 6, 6])
      scores = builder.apply(Arithmetic(.add), try builder.noise([1, 1, 6, 6]), scores)
      scores = try builder.reshape(scores, [-1, 2, 6, 6])
    }
    let weights = builder.apply(Softmax(axis: -1, flattens: false), scores)
    v = builder.apply(MatrixProduct(), weights, v)
    return try builder.reshape(builder.transpose(v, [0, 2, 1, 3]), [-1, 6, 8])
  }

  @Test(arguments: [0, 1, 2], [false, true])
  func attentionIsOneComputation(biases: Int, scalesQueries: Bool) throws {
    let result = try run { try attention(&$0, biases: biases, scalesQueries: scalesQueries) }
    #expect(result.names.filter { $0 != "Reshape" } == ["Attention"])
    expectSame(result.fused, result.plain)
  }

  @Test func weightsThatAreReadElsewhereAreNotFused() throws {
    let result = try run { builder in
      let q = try builder.reshape(builder.x, [-1, 2, 6, 12])
      let scores = builder.apply(MatrixProduct(), q, builder.transpose(q, [0, 1, 3, 2]))
      let weights = builder.apply(Softmax(axis: -1, flattens: false), scores)
      let sum = builder.apply(MatrixProduct(), weights, weights)
      return builder.apply(Arithmetic(.add), sum, weights)
    }
    #expect(!result.names.contains("Attention") && result.names.contains("Softmax"))
    expectSame(result.fused, result.plain)
  }

  @Test func productsReadThroughSlicesAndTransposes() throws {
    let result = try run { builder in
      let parts = builder.split(builder.x, parts: 2, axis: 2)
      let left = builder.transpose(try builder.reshape(parts[0], [-1, 6, 3, 4]), [0, 2, 1, 3])
      let right = builder.transpose(try builder.reshape(parts[1], [-1, 6, 3, 4]), [0, 2, 3, 1])
      let product = builder.apply(MatrixProduct(), left, right)
      return builder.transpose(product, [0, 2, 1, 3])
    }
    #expect(result.names.filter { $0 != "Reshape" } == ["MatMul"])
    expectSame(result.fused, result.plain)
  }

  /// The first product writes its transposed result; the second must not read what the first no longer writes.
  @Test func aProductReadsTheTransposeThatAnotherWrites() throws {
    let result = try run { builder in
      let left = builder.transpose(try builder.reshape(builder.x, [-1, 6, 3, 8]), [0, 2, 1, 3])
      let product = builder.apply(MatrixProduct(), left, builder.transpose(left, [0, 1, 3, 2]))
      let turned = builder.transpose(product, [0, 2, 1, 3])
      let rows = try builder.reshape(turned, [-1, 6, 18])
      return builder.apply(MatrixProduct(), builder.transpose(rows, [0, 2, 1]), builder.x)
    }
    #expect(result.names.filter { $0 != "Reshape" } == ["MatMul", "MatMul"])
    expectSame(result.fused, result.plain)
  }

  @Test func biasScaleAndResidualGoIntoTheProduct() throws {
    let result = try run { builder in
      var y = builder.apply(MatrixProduct(), builder.x, try builder.noise([24, 24]))
      y = builder.apply(Arithmetic(.add), try builder.noise([24]), y)
      y = try builder.reshape(y, [-1, 24])
      y = try builder.reshape(y, [-1, 6, 24])
      y = builder.apply(Arithmetic(.multiply), y, try builder.noise([24]))
      return builder.apply(Activate.relu, builder.apply(Arithmetic(.add), builder.x, y))
    }
    #expect(result.names == ["MatMul"])
    expectSame(result.fused, result.plain)
  }
}

@Suite struct StridedAccessTests {
  /// Every element through the access is the element of the rearranged tensor.
  @Test(arguments: [[0, 2, 1, 3], [1, 0, 3, 2], [3, 2, 1, 0], [0, 1, 2, 3]])
  func agreesWithTheRearrangement(order: [Int]) throws {
    let source = [2, 3, 4, 5]
    let view = StridedView(permuting: source, order)
    for dimensions in [
      view.dimensions, [view.dimensions[0] * view.dimensions[1]] + view.dimensions[2...], [120], [1, 120],
    ] {
      let access = StridedAccess(dimensions)
      guard let moved = access.through(view, start: 0) else {
        #expect(order != [0, 1, 2, 3])  // Axes that stay together can always be one.
        continue
      }
      let positions = StridedView(dimensions: moved.dimensions, strides: moved.strides).positions
      #expect(positions.map { $0 + moved.offset } == view.positions)
    }
  }

  @Test func anAxisThatWouldNeedTwoStridesIsRefused() {
    let view = StridedView(permuting: [2, 3, 4], [1, 0, 2])
    #expect(StridedAccess([6, 4]).through(view, start: 0) == nil)
    #expect(StridedAccess([3, 2, 4]).through(view, start: 0) != nil)
  }

  @Test func offsetsMoveAlong() {
    var access = StridedAccess([3, 4])
    access.offset = 12  // The second of two such matrices.
    let moved = access.through(StridedView(permuting: [3, 2, 4], [1, 0, 2]), start: 100)
    #expect(moved?.offset == 104 && moved?.strides == [8, 1])
  }
}
