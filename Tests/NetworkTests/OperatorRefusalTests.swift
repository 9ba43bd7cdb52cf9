// What operators refuse, with which error, and the shapes of what they take.

import Elements
import Testing

@testable import Network

/// Operands that a file can state and an operator must refuse with facts, and the shapes that the rest get.
struct OperatorRefusalTests {
  /// An operand: computed as the network runs, or a constant.
  enum Given: Sendable {
    case value([Int], ElementType, isBatched: Bool)
    case constant(Tensor)
    case none

    static func floats(_ dimensions: Int..., isBatched: Bool = false) -> Given {
      .value(dimensions, .float32, isBatched: isBatched)
    }
    static func batch(_ dimensions: Int...) -> Given { .value([1] + dimensions, .float32, isBatched: true) }
    static func weights(_ dimensions: Int...) -> Given {
      .constant(OperatorTests.floats(dimensions, Array(repeating: 1, count: dimensions.reduce(1, *))))
    }
    static func integers(_ values: Int...) -> Given { .constant(OperatorTests.integers([values.count], values)) }
  }

  /// An operator on operands, and what resolving it gives.
  struct Case<Expected: Sendable>: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let operation: any Operator
    let operands: [Given]
    let expected: Expected

    init(_ name: String, _ operation: any Operator, _ operands: [Given], _ expected: Expected) {
      (testDescription, self.operation, self.operands, self.expected) = (name, operation, operands, expected)
    }
  }
  typealias Refusal = Case<GraphError>
  typealias Shaped = Case<String>

  static let relu = Activate.relu
  static let gemm = Gemm(alpha: 1, beta: 1, transposesA: false, transposesB: false)

  static func shape(_ dimensions: Int...) throws -> Shape { try Shape(dimensions) }

  static func window(_ kernel: Int?, stride: Int = 1, dilation: Int = 1, pad: Int = 0) throws -> Window {
    try Window(
      kernel: kernel.map { .init($0, $0) }, strides: .init(stride, stride), dilations: .init(dilation, dilation),
      padding: .explicit(top: pad, left: pad, bottom: pad, right: pad))
  }

  static func refusals() throws -> [Refusal] {
    let conv = try Conv(window: window(nil), groups: 1)
    return [
      Refusal("no operand", relu, [], .missingOperand(0)),
      Refusal("an operand left out", Arithmetic(.add), [.floats(2), .none], .missingOperand(1)),
      Refusal("too many", Gather(axis: 0), [.floats(2), .integers(0), .integers(0)], .tooManyOperands(3)),
      Refusal("integers in Relu", relu, [.value([2], .int64, isBatched: false)], .elementType(.int64)),
      Refusal("two types", Arithmetic(.add), [.floats(2), .integers(1, 2)], .elementType(.int64)),
      Refusal("logic of numbers", Logic(.and), [.floats(2), .floats(2)], .elementType(.float32)),
      Refusal(
        "shapes that do not broadcast", Arithmetic(.add), [.floats(2, 3), .floats(2)],
        .shapes([try shape(2, 3), try shape(2)])),
      Refusal("axis", Softmax(axis: 4, flattens: false), [.floats(2, 3)], .axis(4, rank: 2)),
      Refusal("negative axis", Concat(axis: -3), [.floats(2, 3), .floats(2, 3)], .axis(-3, rank: 2)),
      Refusal(
        "parts that differ", Concat(axis: 0), [.floats(2, 3), .floats(2, 4)],
        .shapes([try shape(2, 3), try shape(2, 4)])),
      Refusal("Concat along the batch", Concat(axis: 0), [.batch(3), .batch(3)], .dynamicShape),
      Refusal("split of the batch", Split(axis: 0, sizes: [1], parts: 1), [.batch(3)], .dynamicShape),
      Refusal("Gather beyond the end", Gather(axis: 0), [.weights(3), .integers(3)], .axis(3, rank: 3)),
      Refusal(
        "Slice without steps", Slice(), [.floats(9), .integers(0), .integers(9), .integers(0), .integers(0)],
        .attribute("steps")),
      Refusal("bounds of two counts", Slice(), [.floats(9), .integers(0, 1), .integers(9)], .attribute("starts")),
      Refusal("pads", Pad(mode: .constant), [.floats(9), .integers(1)], .attribute("pads")),
      Refusal(
        "pads that remove more than there is", Pad(mode: .constant), [.floats(9), .integers(-9, -9)], .attribute("pads")
      ),
      Refusal("rank of Gemm", gemm, [.floats(2, 3, 4), .weights(4, 5)], .rank(3)),
      Refusal(
        "depth of Gemm", gemm, [.floats(2, 3), .weights(4, 5)], .shapes([try shape(2, 3), try shape(4, 5)])),
      Refusal(
        "depth of MatMul", MatrixProduct(), [.floats(2, 3), .floats(4, 5)], .shapes([try shape(2, 3), try shape(4, 5)])),
      Refusal("weights that are computed", conv, [.floats(1, 3, 8, 8), .floats(4, 3, 3, 3)], .notConstant(operand: 1)),
      Refusal(
        "channels", conv, [.floats(1, 3, 8, 8), .weights(4, 5, 3, 3)],
        .shapes([try shape(1, 3, 8, 8), try shape(4, 5, 3, 3)])),
      Refusal("rank of pooling", GlobalPooling(.average), [.floats(2, 3)], .rank(2)),
      Refusal(
        "pooling without a kernel", Pooling(.maximum, window: try window(nil), roundsUp: false), [.floats(1, 3, 8, 8)],
        .attribute("kernel_shape")),
      Refusal(
        "pooling of the padding alone", Pooling(.maximum, window: try window(2, pad: 2), roundsUp: false),
        [.floats(1, 3, 8, 8)], .attribute("pads")),
      Refusal(
        "taps on both sides of the input",
        Pooling(.average(countsPadding: false), window: try window(2, dilation: 2, pad: 1), roundsUp: false),
        [.floats(1, 3, 1, 1)], .attribute("pads")),
      Refusal(
        "taps behind the input",
        Pooling(.average(countsPadding: true), window: try window(2, dilation: 4, pad: 3), roundsUp: false),
        [.floats(1, 3, 3, 3)], .attribute("pads")),
      Refusal(
        "training", BatchNormalization(epsilon: 0, isTraining: true),
        [
          .floats(1, 3, 8, 8), .weights(3), .weights(3), .weights(3), .weights(3),
        ], .unsupported("training_mode 1")),
      Refusal(
        "mean of bytes", OperatorTests.reduce(.mean, [1]), [.value([1, 256], .uint8, isBatched: false)],
        .elementType(.uint8)),
      Refusal(
        "sum of bytes", OperatorTests.reduce(.sum, [1]), [.value([1, 9], .int8, isBatched: false)], .elementType(.int8)),
      Refusal(
        "product of 16 bits", OperatorTests.reduce(.product, [0]),
        [.constant(OperatorTests.integers([2], [1, 2], .int16))],
        .elementType(.int16)),
      Refusal("empty", Reshape("Flatten", .flatten(axis: 1)), [.floats(0, 3)], .emptyTensor),
      Refusal(
        "a range without end", ArithmeticSequence(),
        [.weights(), .weights(), .constant(OperatorTests.floats([], [0]))], .overflow),
      Refusal(
        "scale 0", QuantizeLinear(axis: 0), [.floats(2), .constant(OperatorTests.floats([], [0]))],
        .unsupported("a scale that is not positive and finite")),
    ]
  }

  static func shapes() throws -> [Shaped] {
    [
      Shaped("broadcast", Arithmetic(.multiply), [.batch(3, 1), .weights(1, 4)], "(N, 3, 4)"),
      Shaped(
        "Conv", try Conv(window: window(nil, stride: 2, pad: 1), groups: 1), [.batch(3, 9, 8), .weights(5, 3, 3, 3)],
        "(N, 5, 5, 4)"),
      Shaped(
        "grouped Conv", try Conv(window: window(nil), groups: 2), [.batch(4, 9, 9), .weights(6, 2, 1, 1)],
        "(N, 6, 9, 9)"),
      Shaped(
        "MaxPool", Pooling(.maximum, window: try window(2, stride: 2), roundsUp: true), [.batch(3, 9, 9)],
        "(N, 3, 5, 5)"),
      Shaped(
        "dilated MaxPool", Pooling(.maximum, window: try window(2, dilation: 3, pad: 1), roundsUp: false),
        [.batch(3, 3, 3)],
        "(N, 3, 2, 2)"),
      Shaped("GlobalAveragePool", GlobalPooling(.average), [.batch(3, 9, 9)], "(N, 3, 1, 1)"),
      Shaped("Flatten", Reshape("Flatten", .flatten(axis: 1)), [.batch(3, 9)], "(N, 27)"),
      Shaped(
        "Reshape with the batch worked out", Reshape("Reshape", .dimensions(allowZero: false)),
        [.batch(6, 2), .integers(-1, 3, 4)], "(N, 3, 4)"),
      Shaped("Squeeze", Reshape("Squeeze", .squeeze(axes: [2])), [.batch(3, 1)], "(N, 3)"),
      Shaped("Unsqueeze", Reshape("Unsqueeze", .unsqueeze(axes: [1])), [.batch(3)], "(N, 1, 3)"),
      Shaped("Transpose", Transpose(permutation: [0, 2, 1]), [.batch(3, 5)], "(N, 5, 3)"),
      Shaped("MatMul with weights", MatrixProduct(), [.batch(4, 3), .weights(3, 6)], "(N, 4, 6)"),
      Shaped("batched MatMul", MatrixProduct(), [.batch(2, 4, 3), .batch(2, 3, 5)], "(N, 2, 4, 5)"),
      Shaped("Gemm", gemm, [.batch(3), .weights(3, 6), .weights(6)], "(N, 6)"),
      Shaped("Slice", Slice(), [.batch(9), .integers(1), .integers(-1), .integers(1), .integers(3)], "(N, 3)"),
      Shaped("Split", Split(axis: 1, sizes: [2, 4], parts: 2), [.batch(6)], "(N, 2)"),
      Shaped("ReduceMean", OperatorTests.reduce(.mean, [1]), [.batch(6, 2)], "(N, 1, 2)"),
      Shaped("ArgMax", OperatorTests.argMax(false), [.batch(6, 2)], "(N, 2)"),
    ]
  }

  private func resolved(_ operation: any Operator, _ operands: [Given]) throws -> Graph {
    var graph = OperatorGraph()
    var inputs: [OperatorGraph.ValueID?] = []
    for operand in operands {
      switch operand {
      case .value(let dimensions, let type, let isBatched):
        inputs.append(graph.addInput(name: "x", type: type, shape: try Shape(dimensions, isBatched: isBatched)))
      case .constant(let tensor): inputs.append(graph.addConstant(name: "c", tensor))
      case .none: inputs.append(nil)
      }
    }
    let output = graph.addValue(name: "y")
    graph.addNode(name: "node", operation, inputs: inputs, outputs: [output])
    graph.addOutput(output)
    return try graph.resolve()
  }

  @Test(arguments: try refusals())
  func refused(_ test: Refusal) {
    #expect(throws: NodeErrors(errors: [NodeError(node: "node", error: test.expected)])) {
      try resolved(test.operation, test.operands)
    }
  }

  @Test(arguments: try shapes())
  func shape(_ test: Shaped) throws {
    #expect(try resolved(test.operation, test.operands).outputShape(0).description == test.expected)
  }

  @Test func everyRefusedNodeIsListedAndNothingThatFollows() throws {
    var graph = OperatorGraph()
    let x = graph.addInput(name: "x", type: .float32, shape: try Shape([1, 3], isBatched: true))
    func node(_ name: String, _ operation: any Operator, _ inputs: [OperatorGraph.ValueID]) -> OperatorGraph.ValueID {
      let output = graph.addValue(name: name)
      graph.addNode(name: name, operation, inputs: inputs, outputs: [output])
      return output
    }
    let first = node("first", Softmax(axis: 7, flattens: false), [x])
    let follows = node("follows", Softmax(axis: 8, flattens: false), [first])
    let second = node("second", Transpose(permutation: [0, 1, 2]), [x])
    graph.addOutput(node("last", Arithmetic(.add), [follows, second]))
    let errors = #expect(throws: NodeErrors.self) { try graph.resolve() }
    #expect(errors?.errors.map(\.node) == ["first", "second"])
  }
}
