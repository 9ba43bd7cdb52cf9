// The passes on graphs as long, or with as many paths, as a file can hold: no deep recursion, no walk along every path.

import Testing

@testable import Network

/// Chains of 2¹⁶ nodes and a ladder of 10⁹ paths. The importer allows 2¹⁸ nodes.
@Suite(.timeLimit(.minutes(1)))
struct LongGraphTests {
  private static let length = 1 << 16

  private struct Builder {
    var graph = OperatorGraph()

    mutating func input(_ dimensions: Int...) throws -> OperatorGraph.ValueID {
      graph.addInput(name: "x", type: .float32, shape: try Shape(dimensions, isBatched: true))
    }
    mutating func apply(_ operation: any Operator, _ inputs: OperatorGraph.ValueID...) -> OperatorGraph.ValueID {
      let output = graph.addValue(name: "v\(graph.values.count)")
      graph.addNode(name: graph.name(of: output), operation, inputs: inputs, outputs: [output])
      return output
    }
    mutating func chain(_ operation: any Operator, _ value: OperatorGraph.ValueID) -> OperatorGraph.ValueID {
      (0..<length).reduce(value) { value, _ in apply(operation, value) }
    }
    /// Between (1, 6, 24) and (1, 24, 6), an even number of times.
    mutating func views(_ value: OperatorGraph.ValueID) throws -> OperatorGraph.ValueID {
      let shapes = [integers([-1, 24, 6]), integers([-1, 6, 24])]
      return (0..<length).reduce(value) { value, index in
        apply(Reshape("Reshape", .dimensions(allowZero: false)), value, shapes[index % 2])
      }
    }
    mutating func weights(_ dimensions: Int...) -> OperatorGraph.ValueID {
      graph.addConstant(
        name: "w\(graph.values.count)",
        OperatorTests.floats(dimensions, Array(repeating: 0.5, count: dimensions.reduce(1, *))))
    }
    mutating func integers(_ values: [Int]) -> OperatorGraph.ValueID {
      graph.addConstant(name: "i\(graph.values.count)", OperatorTests.integers([values.count], values))
    }
    mutating func convolve(_ value: OperatorGraph.ValueID, stride: Int = 1) throws -> OperatorGraph.ValueID {
      let window = try Window(
        kernel: nil, strides: .init(stride, stride), dilations: .init(1, 1), padding: .none)
      return apply(try Conv(window: window, groups: 1), value, weights(4, 4, 1, 1))
    }
    mutating func optimized(_ output: OperatorGraph.ValueID) throws -> Graph {
      graph.addOutput(output)
      var resolved = try graph.resolve()
      try resolved.optimize()
      return resolved
    }
  }

  @Test func aConvolutionAtTheEndMakesTheInputChannelsLast() throws {
    var builder = Builder()
    let x = try builder.input(1, 4, 9, 9)
    let result = try builder.optimized(try builder.convolve(builder.chain(UnaryFunction("Abs", .absolute), x)))
    #expect(result[result.inputs[0]].layout == .channelsLast)
  }

  @Test func aStrideMovesThroughActivations() throws {
    var builder = Builder()
    let x = try builder.input(1, 4, 9, 9)
    let active = builder.chain(Activate.relu, try builder.convolve(x))
    let result = try builder.optimized(try builder.convolve(active, stride: 2))
    #expect(result.nodes.compactMap { ($0.computation as? Convolution)?.window.strides.height } == [2, 1])
    #expect(result.outputShape(0).dimensions == [1, 4, 5, 5])
  }

  @Test func anAdditionGoesThroughViewsIntoAProduct() throws {
    var builder = Builder()
    let x = try builder.input(1, 6, 24)
    let product = try builder.views(builder.apply(MatrixProduct(), x, builder.weights(24, 24)))
    let result = try builder.optimized(builder.apply(Arithmetic(.add), product, x))
    #expect(result.nodes.contains { ($0.computation as? Dense)?.addsResidual == true })
    #expect(result.nodes.count == 1)
  }

  @Test func scoresFarFromTheirProductAreNoAttention() throws {
    var builder = Builder()
    let x = try builder.input(1, 6, 24)
    let scores = builder.apply(MatrixProduct(transposesB: true), x, x)
    let same = builder.integers([-1, 6, 6])
    let far = (0..<Self.length).reduce(scores) { value, _ in
      builder.apply(Reshape("Reshape", .dimensions(allowZero: false)), value, same)
    }
    let weights = builder.apply(Softmax(axis: -1, flattens: false), far)
    let result = try builder.optimized(builder.apply(MatrixProduct(), weights, x))
    #expect(result.outputShape(0).dimensions == [1, 6, 24])
  }

  @Test func everyPathOfALadderLeadsToASoftmax() throws {
    var builder = Builder()
    var value = builder.apply(Softmax(axis: 1, flattens: false), try builder.input(1, 4))
    let (start, end, axis) = (builder.integers([0]), builder.integers([4]), builder.integers([1]))
    let limits = (0..<10).map { builder.graph.addConstant(name: "limit", OperatorTests.floats([], [Float($0)])) }
    for _ in 0..<9 {
      let parts = limits.map { builder.apply(Arithmetic(.minimum), value, $0) }
      let whole = builder.graph.addValue(name: "whole")
      builder.graph.addNode(name: "whole", Concat(axis: 1), inputs: parts, outputs: [whole])
      value = builder.apply(Slice(), whole, start, end, axis)
    }
    builder.graph.addOutput(value)
    guard case .probabilities(let origin) = try builder.graph.resolve().meaning(ofOutput: 0) else {
      Issue.record("the numbers are probabilities")
      return
    }
    #expect(origin.hasPrefix("Softmax, Min, Concat, Slice"))
  }
}
