// The passes on quantized graphs, and the definition of quantization.

import Elements
import Testing

@testable import Network

/// What the passes make of quantized graphs: computations on bytes, and nothing between them.
struct QuantizedPassTests {
  private static let scale: Float = 0.05

  /// A graph from bytes to bytes, resolved and rewritten.
  private func graph(
    channels: Int = 4, _ build: (inout OperatorGraph, OperatorGraph.ValueID) throws -> OperatorGraph.ValueID
  ) throws -> Graph {
    var graph = OperatorGraph()
    let input = graph.addInput(name: "x", type: .uint8, shape: try Shape([1, channels, 9, 9], isBatched: true))
    let real = try dequantize(&graph, input)
    let result = try build(&graph, real)
    graph.addOutput(try quantize(&graph, result))
    var resolved = try graph.resolve()
    try resolved.optimize()
    return resolved
  }

  private func apply(
    _ graph: inout OperatorGraph, _ operation: any Operator, _ inputs: [OperatorGraph.ValueID]
  ) -> OperatorGraph.ValueID {
    let output = graph.addValue(name: "v\(graph.values.count)")
    graph.addNode(name: graph.name(of: output), operation, inputs: inputs, outputs: [output])
    return output
  }

  private func parameters(_ graph: inout OperatorGraph, _ scale: Float) throws -> [OperatorGraph.ValueID] {
    [
      graph.addConstant(name: "scale", try Tensor(dimensions: [], floats: [scale])),
      graph.addConstant(name: "zero", try Tensor(type: .uint8, dimensions: [], integers: [128])),
    ]
  }

  private func quantize(
    _ graph: inout OperatorGraph, _ value: OperatorGraph.ValueID, scale: Float = scale
  ) throws -> OperatorGraph.ValueID {
    apply(&graph, QuantizeLinear(axis: 1), [value] + (try parameters(&graph, scale)))
  }

  private func dequantize(
    _ graph: inout OperatorGraph, _ value: OperatorGraph.ValueID, scale: Float = scale
  ) throws -> OperatorGraph.ValueID {
    apply(&graph, DequantizeLinear(axis: 1), [value] + (try parameters(&graph, scale)))
  }

  /// A 1×1 convolution with int8 weights, one scale per output.
  private func convolve(
    _ graph: inout OperatorGraph, _ x: OperatorGraph.ValueID, stride: Int = 1
  ) throws -> OperatorGraph.ValueID {
    let integers = graph.addConstant(
      name: "w", try Tensor(type: .int8, dimensions: [4, 4, 1, 1], integers: Array(-8..<8)))
    let scales = graph.addConstant(name: "ws", try Tensor(dimensions: [4], floats: [0.1, 0.2, 0.3, 0.4]))
    let weights = apply(&graph, DequantizeLinear(axis: 0), [integers, scales])
    let window = try Window(kernel: nil, strides: .init(stride, stride), dilations: .init(1, 1), padding: .none)
    return apply(&graph, try Conv(window: window, groups: 1), [x, weights])
  }

  private func names(_ graph: Graph) -> [String] {
    graph.nodes.map(\.computation).filter { !$0.isView && $0.name != "Layout" }.map(\.name)
  }

  @Test func aConvolutionAndItsRangeAreOneComputation() throws {
    let result = try graph { graph, x in
      let y = try convolve(&graph, x)
      return apply(&graph, Activate.relu, [y])
    }
    #expect(names(result) == ["QLinearConv"])
    let convolution = try #require(result.nodes.compactMap { $0.computation as? QuantizedConvolution }.first)
    guard case .bytes(let range) = convolution.output else { throw GraphError.unsupported("\(convolution.output)") }
    #expect(range.low == 128 && range.high == 255)
  }

  /// Bytes that keep their quantization between two computations that work channels-last are not converted to C order and back.
  @Test func anIdentityOfBytesKeepsTheLayout() throws {
    let result = try graph { graph, x in
      let y = try dequantize(&graph, try quantize(&graph, try convolve(&graph, x)))
      let window = try Window(kernel: .init(2, 2), strides: .init(2, 2), dilations: .init(1, 1), padding: .none)
      let pooled = apply(&graph, Pooling(.maximum, window: window, roundsUp: false), [y])
      return try convolve(&graph, try dequantize(&graph, try quantize(&graph, pooled)))
    }
    #expect(result.nodes.count { $0.computation.name == "Layout" } <= 2, "the graph's input and output alone")
  }

  /// A scale for each channel between a convolution and a depthwise one, as NNCF writes them, if an activation limits all channels to the
  /// same bytes.
  @Test(arguments: [(6, true), (2, false)] as [(Float, Bool)])
  func channelsMayHaveScalesOfTheirOwn(limit: Float, fuses: Bool) throws {
    let result = try graph { graph, x in
      let y = apply(&graph, Activate.clip(from: 0, to: limit), [try convolve(&graph, x)])
      let parameters = [
        graph.addConstant(
          name: "scales", try Tensor(dimensions: [4], floats: [0.01, 0.02, 0.005, 0.015])),
        graph.addConstant(name: "zeros", try Tensor(type: .uint8, dimensions: [4], integers: [0, 0, 0, 0])),
      ]
      let bytes = apply(&graph, QuantizeLinear(axis: 1), [y] + parameters)
      let real = apply(&graph, DequantizeLinear(axis: 1), [bytes] + parameters)
      let integers = graph.addConstant(
        name: "v", try Tensor(type: .int8, dimensions: [4, 1, 3, 3], integers: Array(-18..<18)))
      let scale = graph.addConstant(name: "vs", try Tensor(dimensions: [], floats: [0.1]))
      let weights = apply(&graph, DequantizeLinear(axis: 0), [integers, scale])
      let window = try Window(kernel: nil, strides: .init(1, 1), dilations: .init(1, 1), padding: .none)
      return apply(&graph, try Conv(window: window, groups: 4), [real, weights])
    }
    #expect(
      names(result).filter { $0 != "DequantizeLinear" }
        == (fuses ? ["QLinearConv", "QLinearConv"] : ["QLinearConv", "QuantizeLinear", "QLinearConv"]))
    let scales = result.nodes.compactMap { ($0.computation as? QuantizedConvolution)?.outputScales }
    #expect(scales == (fuses ? [[0.01, 0.02, 0.005, 0.015]] : []))
  }

  @Test func aSumGoesIntoTheConvolution() throws {
    let result = try graph { graph, x in
      let y = try quantize(&graph, convolve(&graph, x))
      return apply(&graph, Arithmetic(.add), [try dequantize(&graph, y), x])
    }
    #expect(names(result) == ["QLinearConv"])
  }

  @Test func bytesAreMovedAsBytes() throws {
    let result = try graph { graph, x in
      let y = try dequantize(&graph, quantize(&graph, convolve(&graph, x)))
      return apply(&graph, Transpose(permutation: [0, 2, 3, 1]), [y])
    }
    #expect(names(result) == ["QLinearConv", "Transpose"])
  }

  @Test func anotherQuantizationIsATable() throws {
    let result = try graph { graph, x in
      try dequantize(&graph, quantize(&graph, x, scale: 0.1), scale: 0.1)
    }
    #expect(names(result) == ["Requantize", "Requantize"])
  }

  @Test func stridesMoveThroughQuantization() throws {
    let result = try graph { graph, x in
      let y = try dequantize(&graph, quantize(&graph, convolve(&graph, x)))
      return try convolve(&graph, y, stride: 2)
    }
    let strides = result.nodes.compactMap { ($0.computation as? QuantizedConvolution)?.window.strides.height }
    #expect(strides == [2, 1])
  }

  @Test func whatDoesNotFuseIsListed() throws {
    let result = try graph { graph, x in apply(&graph, Softmax(axis: 1, flattens: false), [x]) }
    #expect(names(result) == ["DequantizeLinear", "Softmax", "QuantizeLinear"])
    let execution = try #require(try result.quantizedExecution())
    #expect(execution.floats.map(\.operation) == ["Softmax"])
  }

  @Test func aBiasBeyondInt32KeepsTheConvolutionInFloat32() throws {
    let result = try graph { graph, x in
      let integers = graph.addConstant(
        name: "w", try Tensor(type: .int8, dimensions: [4, 4, 1, 1], integers: Array(-8..<8)))
      let scale = graph.addConstant(name: "ws", try Tensor(dimensions: [], floats: [1e-8]))
      let weights = apply(&graph, DequantizeLinear(axis: 0), [integers, scale])
      let bias = graph.addConstant(name: "b", try Tensor(repeating: 100, dimensions: [4]))
      let window = try Window(kernel: nil, strides: .init(1, 1), dilations: .init(1, 1), padding: .none)
      return apply(&graph, try Conv(window: window, groups: 1), [x, weights, bias])
    }
    #expect(names(result) == ["DequantizeLinear", "Conv", "QuantizeLinear"])
  }

  @Test(arguments: [(Float(0), 128), (0.0249, 128), (0.025, 128), (0.075, 130), (100, 255), (-100, 0), (.nan, 0)])
  func nearestInteger(value: Float, integer: Int) throws {
    let quantization = try #require(Quantization(element: .uint8, scales: [Self.scale], zeroPoints: [128], axis: nil))
    #expect(quantization.integer(value) == integer)
  }

  @Test func scalesAreChecked() {
    for scale in [0, -1, .nan, .infinity] as [Float] {
      #expect(Quantization(element: .int8, scales: [scale], zeroPoints: [0], axis: nil) == nil)
    }
    #expect(Quantization(element: .uint8, scales: [1], zeroPoints: [-1], axis: nil) == nil)
  }
}
