// The graph passes on small graphs: which nodes are fused, moved or folded, and which must stay.

import Testing

@testable import Network

/// What the passes make of small graphs: fewer nodes, the same shapes.
struct PassTests {
  private func graph(
    _ build: (inout OperatorGraph, OperatorGraph.ValueID) throws -> OperatorGraph.ValueID
  ) throws -> Graph {
    var graph = OperatorGraph()
    let input = graph.addInput(name: "x", type: .float32, shape: try Shape([1, 4, 9, 9], isBatched: true))
    graph.addOutput(try build(&graph, input))
    var resolved = try graph.resolve()
    try resolved.optimize()
    return resolved
  }

  @discardableResult
  private func convolve(
    _ graph: inout OperatorGraph, _ x: OperatorGraph.ValueID, kernel: Int = 1, stride: Int = 1, channels: Int = 4
  ) throws -> OperatorGraph.ValueID {
    let weights = graph.addConstant(
      name: "w\(graph.values.count)", try Tensor(repeating: 0.5, dimensions: [channels, 4, kernel, kernel]))
    let output = graph.addValue(name: "conv\(graph.values.count)")
    let pad = kernel / 2
    let window = try Window(
      kernel: nil, strides: .init(stride, stride), dilations: .init(1, 1),
      padding: .explicit(top: pad, left: pad, bottom: pad, right: pad))
    graph.addNode(
      name: graph.name(of: output), try Conv(window: window, groups: 1), inputs: [x, weights], outputs: [output])
    return output
  }

  private func apply(
    _ graph: inout OperatorGraph, _ operation: any Operator, _ inputs: OperatorGraph.ValueID...
  ) -> OperatorGraph.ValueID {
    let output = graph.addValue(name: "v\(graph.values.count)")
    graph.addNode(name: graph.name(of: output), operation, inputs: inputs, outputs: [output])
    return output
  }

  private func names(_ graph: Graph) -> [String] { graph.nodes.map(\.computation.name) }

  @Test func normalizationResidualAndActivationGoIntoTheConvolution() throws {
    let result = try graph { graph, x in
      let y = try convolve(&graph, x, kernel: 3)
      var parameters: [OperatorGraph.ValueID] = []
      for name in ["scale", "bias", "mean", "variance"] {
        parameters.append(graph.addConstant(name: name, try Tensor(repeating: 1, dimensions: [4])))
      }
      let normalized = graph.addValue(name: "bn")
      graph.addNode(
        name: "bn", BatchNormalization(epsilon: 1e-5), inputs: [y] + parameters, outputs: [normalized])
      let sum = apply(&graph, Arithmetic(.add), x, normalized)
      return apply(&graph, Activate.relu, sum)
    }
    // The output is converted to C order; the rest is one convolution.
    #expect(names(result).filter { $0 != "Layout" } == ["Conv"])
    let convolution = try #require(result.nodes.compactMap { $0.computation as? Convolution }.first)
    #expect(convolution.addsResidual && convolution.scale != nil && "\(convolution.activation)" == "relu")
  }

  /// s · clamp(x) + b: weights, bias and the interval take it, whose ends change places where s < 0.
  @Test(arguments: [(Float(2), "clip(min: 3.0, max: inf)"), (-2, "clip(min: -inf, max: 3.0)")])
  func aScaleBehindAnActivationGoesIntoTheConvolution(_ factor: Float, _ expected: String) throws {
    let result = try graph { graph, x in
      let active = apply(&graph, Activate.relu, try convolve(&graph, x, kernel: 3))
      let factor = graph.addConstant(name: "factor", try Tensor(repeating: factor, dimensions: [1]))
      let summand = graph.addConstant(name: "summand", try Tensor(repeating: 3, dimensions: [1]))
      let scaled = apply(&graph, Arithmetic(.multiply), active, factor)
      return apply(&graph, Arithmetic(.add), scaled, summand)
    }
    #expect(names(result).filter { $0 != "Layout" } == ["Conv"])
    let convolution = try #require(result.nodes.compactMap { $0.computation as? Convolution }.first)
    #expect("\(convolution.activation)" == expected && convolution.bias == [3, 3, 3, 3])
    #expect(convolution.scale == Array(repeating: factor, count: 4))
  }

  /// An expansion and the depthwise convolution of its result become one where the result is large.
  @Test(arguments: [(112, 1), (14, 2)])
  func aDepthwiseConvolutionJoinsTheOneBeforeIt(_ size: Int, _ convolutions: Int) throws {
    var graph = OperatorGraph()
    let x = graph.addInput(name: "x", type: .float32, shape: try Shape([1, 4, size, size], isBatched: true))
    let wide = apply(&graph, Activate.relu, try convolve(&graph, x, channels: 32))
    let weights = graph.addConstant(name: "taps", try Tensor(repeating: 0.5, dimensions: [32, 1, 3, 3]))
    let window = try Window(
      kernel: nil, strides: .init(1, 1), dilations: .init(1, 1),
      padding: .explicit(top: 1, left: 1, bottom: 1, right: 1))
    graph.addOutput(apply(&graph, try Conv(window: window, groups: 32), wide, weights))
    var resolved = try graph.resolve()
    try resolved.optimize()
    #expect(names(resolved).count { $0 == "Conv" } == convolutions)
    #expect(resolved.nodes.contains { $0.computation is ConvolutionPair } == (convolutions == 1))
    #expect(resolved.outputShape(0).dimensions == [1, 32, size, size])
  }

  @Test func parallelBranchesAreOneConvolution() throws {
    let result = try graph { graph, x in
      let wide = try convolve(&graph, x, kernel: 3)
      let narrow = try convolve(&graph, x)
      var parameters: [OperatorGraph.ValueID] = []
      for name in ["scale", "bias", "mean", "variance"] {
        parameters.append(graph.addConstant(name: name, try Tensor(repeating: 2, dimensions: [4])))
      }
      let itself = graph.addValue(name: "bn")
      graph.addNode(name: "bn", BatchNormalization(epsilon: 0), inputs: [x] + parameters, outputs: [itself])
      return apply(&graph, Arithmetic(.add), apply(&graph, Arithmetic(.add), itself, narrow), wide)
    }
    let convolution = try #require(result.nodes.compactMap { $0.computation as? Convolution }.first)
    #expect(names(result).filter { $0 != "Layout" } == ["Conv"] && !convolution.addsResidual)
    // Of output 0: every tap 0.5 of the wide one, in the middle 0.5 of the narrow one and, from channel 0, 2 / √2 of the value itself.
    let weights = try convolution.weights.floats
    #expect(weights[0] == 0.5 && weights[9 + 4] == 1 && abs(weights[4] - (1 + Float(2).squareRoot())) < 1e-6)
  }

  @Test func aBranchThatIsReadElsewhereStays() throws {
    let result = try graph { graph, x in
      let wide = try convolve(&graph, x, kernel: 3)
      let narrow = try convolve(&graph, x)
      let sum = apply(&graph, Arithmetic(.add), narrow, wide)
      return apply(&graph, Arithmetic(.multiply), sum, narrow)
    }
    #expect(names(result).count { $0 == "Conv" } == 2)
  }

  @Test func aValueThatIsReadTwiceIsNotFused() throws {
    let result = try graph { graph, x in
      let y = try convolve(&graph, x)
      let active = apply(&graph, Activate.relu, y)
      return apply(&graph, Arithmetic(.multiply), y, active)
    }
    #expect(names(result).contains("Relu"))
  }

  @Test func stridesMoveThroughAdditionsToTheThreeByThree() throws {
    let result = try graph { graph, x in
      let first = try convolve(&graph, x, kernel: 3)
      let second = try convolve(&graph, first)
      let sum = apply(&graph, Arithmetic(.add), second, x)
      let left = try convolve(&graph, sum, stride: 2)
      let right = apply(&graph, Activate.relu, try convolve(&graph, sum, stride: 2))
      return apply(&graph, Arithmetic(.add), left, right)
    }
    let strides = result.nodes.compactMap { ($0.computation as? Convolution)?.window.strides.height }
    #expect(strides == [2, 1, 1, 1])
    #expect(names(result).count { $0 == "Subsample" } == 1)
    #expect(result.outputShape(0).dimensions == [1, 4, 5, 5])
  }

  @Test func aConvolutionOfOddPositionsStopsTheStride() throws {
    let result = try graph { graph, x in
      let y = try convolve(&graph, x, kernel: 3)
      let wide = try convolve(&graph, y, kernel: 3, stride: 2)
      let narrow = apply(&graph, Activate.relu, try convolve(&graph, y, stride: 2))
      return apply(&graph, Arithmetic(.add), wide, narrow)
    }
    #expect(result.nodes.compactMap { ($0.computation as? Convolution)?.window.strides.height } == [1, 2, 2])
  }

  @Test func shapesOfTheBatchFold() throws {
    let result = try graph { graph, x in
      let shape = apply(&graph, ShapeOf(), x)
      let zero = graph.addConstant(name: "zero", try Tensor(dimensions: [1], integers: [0]))
      let rest = graph.addConstant(name: "rest", try Tensor(dimensions: [1], integers: [-1]))
      let first = apply(&graph, Gather(axis: 0), shape, zero)
      let target = apply(&graph, Concat(axis: 0), first, rest)
      return apply(&graph, Reshape("Reshape", .dimensions(allowZero: false)), x, target)
    }
    #expect(names(result) == ["Reshape"])
    #expect(try result.outputShape(0) == Shape([1, 324], isBatched: true))
  }

  @Test func memoryIsShared() throws {
    var chain = OperatorGraph()
    var value = chain.addInput(name: "x", type: .float32, shape: try Shape([1, 4, 9, 9], isBatched: true))
    for _ in 0..<10 { value = try convolve(&chain, value, kernel: 3) }
    chain.addOutput(value)
    var graph = try chain.resolve()
    try graph.optimize()
    let plan = try MemoryPlan(graph, maxBatch: 1)
    #expect(plan.arenaBytes <= 3 * 4 * (4 * 81 + 16))
  }
}
