// Operators on small constants: shapes and values as the specification gives them.

import Elements
import Testing

@testable import Network

/// Operators on small constants. What is constant is folded by the code that runs, so these are tables of that code.
struct OperatorTests {
  struct Case: CustomTestStringConvertible {
    let name: String
    let operation: any Operator
    let inputs: [Tensor]
    let shape: [Int]
    let expected: [Double]
    var testDescription: String { name }

    init(_ name: String, _ operation: any Operator, _ inputs: [Tensor], _ shape: [Int], _ expected: [Double]) {
      (self.name, self.operation, self.inputs) = (name, operation, inputs)
      (self.shape, self.expected) = (shape, expected)
    }
  }

  static func floats(_ dimensions: [Int], _ values: [Float]) -> Tensor {
    try! Tensor(dimensions: dimensions, floats: values)
  }

  static func integers(_ dimensions: [Int], _ values: [Int], _ type: ElementType = .int64) -> Tensor {
    try! Tensor(type: type, dimensions: dimensions, integers: values)
  }

  static func booleans(_ values: [Int]) -> Tensor { integers([values.count], values, .bool) }

  static let matrix = floats([2, 3], [1, -2, 3, 4, 5, -6])

  static let elementwise: [Case] = [
    Case("Add", Arithmetic(.add), [matrix, floats([3], [1, 2, 3])], [2, 3], [2, 0, 6, 5, 7, -3]),
    Case("Add, column", Arithmetic(.add), [matrix, floats([2, 1], [10, 20])], [2, 3], [11, 8, 13, 24, 25, 14]),
    Case("Sub, scalar first", Arithmetic(.subtract), [floats([], [1]), matrix], [2, 3], [0, 3, -2, -3, -4, 7]),
    Case("Div", Arithmetic(.divide), [matrix, floats([1], [2])], [2, 3], [0.5, -1, 1.5, 2, 2.5, -3]),
    Case("Pow", Arithmetic(.power), [matrix, floats([], [2])], [2, 3], [1, 4, 9, 16, 25, 36]),
    Case("Min", Arithmetic(.minimum), [matrix, floats([], [0])], [2, 3], [0, -2, 0, 0, 0, -6]),
    Case("PRelu", Arithmetic(.slope), [matrix, floats([3], [0, 0.5, 2])], [2, 3], [1, -1, 3, 4, 5, -12]),
    Case(
      "Mod", Arithmetic(.modulo), [integers([4], [7, -7, 7, -7]), integers([4], [3, 3, -3, -3])], [4], [1, 2, -2, -1]),
    Case("fmod", Arithmetic(.remainder), [integers([2], [-7, 7]), integers([1], [3])], [2], [-1, 1]),
    Case(
      "integers divide", Arithmetic(.divide), [integers([3], [-7, 7, 5]), integers([3], [2, 2, 0])], [3], [-3, 3, 0]),
    Case(
      "least integer by −1", Arithmetic(.divide), [integers([1], [.min]), integers([1], [-1])], [1], [Double(Int.min)]),
    Case("Equal", Comparison(.equal), [integers([3], [1, 2, 3]), integers([3], [1, 0, 3])], [3], [1, 0, 1]),
    Case("Less", Comparison(.less), [matrix, floats([], [1])], [2, 3], [0, 1, 0, 0, 0, 1]),
    Case("GreaterOrEqual", Comparison(.greaterOrEqual), [matrix, floats([], [1])], [2, 3], [1, 0, 1, 1, 1, 0]),
    Case("And", Logic(.and), [booleans([1, 1, 0]), booleans([1, 0, 0])], [3], [1, 0, 0]),
    Case("Xor", Logic(.exclusiveOr), [booleans([1, 1, 0]), booleans([1, 0, 0])], [3], [0, 1, 0]),
    Case("Not", Logic(.not), [booleans([1, 0])], [2], [0, 1]),
    Case("Where", Where(), [booleans([1, 0, 1]), matrix, floats([], [9])], [2, 3], [1, 9, 3, 4, 9, -6]),
    Case("Abs", UnaryFunction("Abs", .absolute), [integers([2], [-3, .min])], [2], [3, Double(Int.min)]),
    Case("Sign", UnaryFunction("Sign", .sign), [floats([3], [-2, 0, 5])], [3], [-1, 0, 1]),
    Case("Round", UnaryFunction("Round", .round), [floats([4], [0.5, 1.5, -2.5, 2.4])], [4], [0, 2, -2, 2]),
    Case("Gelu", Activate.gelu, [floats([3], [-1, 0, 2])], [3], [-0.158655, 0, 1.9545]),
    Case("Erf", Activate.erf, [floats([3], [-9, 0, 0.5])], [3], [-1, 0, 0.5205]),
    Case(
      "Cast to integers", Cast(to: .int32), [floats([4], [2.9, -2.9, .nan, 1e20])], [4], [2, -2, 0, 2_147_483_647]),
    Case("Cast to booleans", Cast(to: .bool), [integers([3], [0, 256, -1])], [3], [0, 1, 1]),
  ]

  static let reductions: [Case] = [
    Case("ReduceSum", reduce(.sum, [1]), [matrix], [2, 1], [2, 3]),
    Case("ReduceMean", reduce(.mean, [0]), [matrix], [1, 3], [2.5, 1.5, -1.5]),
    Case("ReduceMax", reduce(.maximum, [0, 1]), [matrix], [1, 1], [5]),
    Case("ReduceL1", reduce(.absoluteSum, [1]), [matrix], [2, 1], [6, 15]),
    Case("ReduceL2", reduce(.norm, [-1]), [floats([2, 2], [3, 4, 6, 8])], [2, 1], [5, 10]),
    Case("ReduceProd", reduce(.product, [0]), [integers([3], [2, 3, 7])], [1], [42]),
    Case("ReduceMean, int32", reduce(.mean, [0]), [integers([256], Array(repeating: 7, count: 256), .int32)], [1], [7]),
    Case("ReduceMin, int8", reduce(.minimum, [0]), [integers([3], [2, -3, 7], .int8)], [1], [-3]),
    Case("ReduceMax, uint8", reduce(.maximum, [0]), [integers([3], [2, 200, 7], .uint8)], [1], [200]),
    Case("ReduceLogSumExp", reduce(.logSumExponential, [0]), [floats([2], [1000, 1000])], [1], [1000.693147]),
    Case("ArgMax", argMax(false), [floats([2, 3], [1, 3, 3, 5, 4, 5])], [2], [1, 0]),
    Case("ArgMax, last", argMax(true), [floats([2, 3], [1, 3, 3, 5, 4, 5])], [2], [2, 2]),
    Case(
      "CumSum", RunningSum(isExclusive: false, isReversed: false), [matrix, integers([], [1])], [2, 3],
      [1, -1, 2, 4, 9, 3]),
    Case(
      "CumSum, exclusive", RunningSum(isExclusive: true, isReversed: true), [matrix, integers([], [1])], [2, 3],
      [1, 3, 0, -1, -6, 0]),
    Case(
      "LogSoftmax", Softmax(axis: 1, flattens: false, isLogarithm: true), [floats([1, 2], [0, 0])], [1, 2],
      [-0.693147, -0.693147]),
    Case(
      "LayerNormalization", Normalization("L", .layer(axis: -1), epsilon: 0),
      [floats([1, 2], [1, 3]), floats([2], [2, 2]), floats([2], [0, 1])], [1, 2], [-2, 3]),
    Case(
      "GroupNormalization", Normalization("G", .group(groups: 1), epsilon: 0),
      [floats([1, 2, 1], [1, 3]), floats([2], [1, 10]), floats([2], [0, 0])], [1, 2, 1], [-1, 10]),
  ]

  static let movements: [Case] = [
    Case(
      "Expand", Repeat(.expand), [floats([2, 1], [1, 2]), integers([3], [2, 1, 2])], [2, 2, 2],
      [1, 1, 2, 2, 1, 1, 2, 2]),
    Case(
      "Tile", Repeat(.tile), [floats([1, 2], [1, 2]), integers([2], [2, 2])], [2, 4], [1, 2, 1, 2, 1, 2, 1, 2]),
    Case("Range", ArithmeticSequence(), [integers([], [7]), integers([], [0]), integers([], [-3])], [3], [7, 4, 1]),
    Case("Range, none", ArithmeticSequence(), [integers([], [1]), integers([], [0]), integers([], [1])], [0], []),
    Case("Trilu", Triangle(isUpper: false), [matrix, integers([], [0])], [2, 3], [1, 0, 0, 4, 5, 0]),
    Case(
      "GatherElements", GatherScatter(.gatherElements(axis: 1)), [matrix, integers([2, 1], [2, -3])], [2, 1], [3, 4]),
    Case(
      "GatherND", GatherScatter(.gatherND(batchAxes: 0)), [matrix, integers([2, 2], [0, 1, 1, 2])], [2], [-2, -6]),
    Case(
      "ScatterND", GatherScatter(.scatterND),
      [floats([4], [1, 2, 3, 4]), integers([2, 1], [3, 0]), floats([2], [8, 9])],
      [4], [9, 2, 3, 8]),
    Case(
      "ScatterElements, add", GatherScatter(.scatterElements(axis: 0), update: .add),
      [floats([3], [1, 2, 3]), integers([2], [1, 1]), floats([2], [10, 100])], [3], [1, 112, 3]),
    Case(
      "ScatterElements, a sum that wraps", GatherScatter(.scatterElements(axis: 0), update: .add),
      [integers([2], [.max, 1]), integers([1], [0]), integers([1], [1])], [2], [Double(Int.min), 1]),
    Case(
      "ScatterND, a product that wraps", GatherScatter(.scatterND, update: .mul),
      [integers([2], [-128, 3], .int8), integers([2, 1], [0, 1]), integers([2], [-1, 100], .int8)], [2], [-128, 44]),
    Case(
      "DepthToSpace", BlockRearrangement(.depthFirst, block: 2), [floats([1, 4, 1, 1], [1, 2, 3, 4])], [1, 1, 2, 2],
      [1, 2, 3, 4]),
    Case("MatMul, vectors", MatrixProduct(), [floats([2], [1, 2]), floats([2], [3, 4])], [], [11]),
    Case(
      "MatMul, transposed", MatrixProduct(factor: 2, transposesB: true), [matrix, floats([1, 3], [1, 1, 1])], [2, 1],
      [4, 6]),
    Case("Einsum", try! Einsum("ij,kj->ki"), [matrix, floats([1, 3], [1, 1, 1])], [1, 2], [2, 3]),
  ]

  static func reduce(_ kind: Reduction.Kind, _ axes: [Int]) -> Reduce {
    Reduce(kind, axes: axes, keepsDimensions: true, emptyMeansNone: false)
  }

  static func argMax(_ takesLast: Bool) -> ArgExtreme {
    ArgExtreme(.maximum, axis: 1, keepsDimensions: false, takesLast: takesLast)
  }

  static let all: [Case] = [elementwise, reductions, movements].flatMap { $0 }

  @Test(arguments: all)
  func folded(_ test: Case) throws {
    var graph = OperatorGraph()
    let inputs = test.inputs.map { graph.addConstant(name: "c", $0) }
    let output = graph.addValue(name: "y")
    graph.addNode(name: test.name, test.operation, inputs: inputs, outputs: [output])
    graph.addOutput(output)
    let result = try #require(try graph.resolve().outputConstant(0))
    #expect(result.dimensions == test.shape)
    let values = result.type.isFloating ? try result.floats.map(Double.init) : try result.integers.map(Double.init)
    #expect(values.count == test.expected.count)
    for (value, expected) in zip(values, test.expected) {
      #expect(abs(value - expected) <= 1e-4 * max(1, abs(expected)))
    }
  }

  /// Chains of shape arithmetic that exporters write for a dynamic batch.
  @Test func shapesOfTheBatch() throws {
    var graph = OperatorGraph()
    let x = graph.addInput(name: "x", type: .float32, shape: try Shape([1, 3], isBatched: true))
    func node(_ operation: any Operator, _ inputs: OperatorGraph.ValueID...) -> OperatorGraph.ValueID {
      let output = graph.addValue(name: "v")
      graph.addNode(name: "n", operation, inputs: inputs, outputs: [output])
      return output
    }
    func constant(_ dimensions: [Int], _ values: [Int]) -> OperatorGraph.ValueID {
      graph.addConstant(name: "c", Self.integers(dimensions, values))
    }
    let batch = node(Gather(axis: 0), node(ShapeOf(), x), constant([1], [0]))
    let wanted = node(Concat(axis: 0), batch, constant([1], [-1]))
    let isOpen = node(Comparison(.equal), wanted, constant([], [-1]))
    let shape = node(Where(), isOpen, constant([2], [1, 1]), wanted)
    let token = graph.addConstant(name: "token", Self.floats([1, 3], [1, 2, 3]))
    graph.addOutput(node(Concat(axis: 1), node(Repeat(.expand), token, shape), x))
    let resolved = try graph.resolve()
    #expect(resolved.outputShape(0) == (try Shape([1, 6], isBatched: true)))
  }
}
