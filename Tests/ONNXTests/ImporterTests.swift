// Importers: attributes and operands of old and new opsets, and what is refused by name.

import ModelInMemory
import Network
import Testing

@testable import ONNX

/// Nodes as files of several opsets write them, on an input (1, 4, 6, 6) unless another is stated.
struct ImporterTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let nodes: [WrittenNode]
    var opset = 13
    var input = [1, 4, 6, 6]
    var floats: [String: (dimensions: [Int], values: [Float])] = [:]
    var integers: [String: [Int]] = [:]
    /// The output's shape, or words of the error.
    let expected: String
    var testDescription: String { "\(nodes.map(\.type)) opset \(opset): \(expected)" }

    init(
      _ node: WrittenNode, opset: Int = 13, input: [Int] = [1, 4, 6, 6],
      floats: [String: (dimensions: [Int], values: [Float])] = [:], integers: [String: [Int]] = [:], _ expected: String
    ) {
      (nodes, self.opset, self.input, self.floats) = ([node], opset, input, floats)
      (self.integers, self.expected) = (integers, expected)
    }
  }

  private static func node(
    _ type: String, _ more: [String] = [], _ attributes: [String: WrittenNode.Attribute] = [:]
  ) -> WrittenNode {
    WrittenNode(type, ["x"] + more, ["y"], attributes)
  }

  private static let four: [String: (dimensions: [Int], values: [Float])] = ["a": ([4], [1, 2, 3, 4])]
  private static let kernel: [String: (dimensions: [Int], values: [Float])] = [
    "w": ([2, 4, 3, 3], Array(repeating: 1, count: 72))
  ]

  static let taken: [Case] = [
    Case(node("Squeeze", [], ["axes": .integers([1])]), opset: 11, input: [1, 1, 6], "(N, 6)"),
    Case(node("Squeeze", ["i"]), input: [1, 1, 6], integers: ["i": [1]], "(N, 6)"),
    Case(node("Unsqueeze", [], ["axes": .integers([-1])]), opset: 11, "(N, 4, 6, 6, 1)"),
    Case(node("Unsqueeze", ["i"]), integers: ["i": [-1]], "(N, 4, 6, 6, 1)"),
    Case(node("ReduceMean", [], ["axes": .integers([2, 3]), "keepdims": .integer(0)]), opset: 13, "(N, 4)"),
    Case(node("ReduceMean", ["i"], ["keepdims": .integer(0)]), opset: 18, integers: ["i": [2, 3]], "(N, 4)"),
    Case(node("ReduceSum", ["i"]), integers: ["i": [-1]], "(N, 4, 6, 1)"),
    Case(
      node("Slice", [], ["starts": .integers([1]), "ends": .integers([9]), "axes": .integers([1])]), opset: 9,
      "(N, 3, 6, 6)"),
    Case(node("Slice", ["s", "e", "a"]), integers: ["s": [1], "e": [9], "a": [1]], "(N, 3, 6, 6)"),
    Case(node("Pad", [], ["pads": .integers([0, 0, 1, 1, 0, 0, 1, 1])]), opset: 10, "(N, 4, 8, 8)"),
    Case(node("Pad", ["p"]), integers: ["p": [0, 0, 1, 1, 0, 0, 1, 1]], "(N, 4, 8, 8)"),
    Case(
      WrittenNode("Split", ["x"], ["y", "z"], ["axis": .integer(1), "split": .integers([3, 1])]), opset: 11,
      "(N, 3, 6, 6)"),
    Case(node("Clip", [], ["min": .float(0), "max": .float(6)]), opset: 7, "(N, 4, 6, 6)"),
    Case(node("Clip", ["l", "h"]), floats: ["l": ([], [0]), "h": ([], [6])], "(N, 4, 6, 6)"),
    Case(node("Dropout", [], ["ratio": .float(0.5)]), opset: 10, "(N, 4, 6, 6)"),
    Case(
      node("Conv", ["w"], ["auto_pad": .text("SAME_UPPER"), "strides": .integers([2, 2])]), floats: kernel,
      "(N, 2, 3, 3)"),
    Case(node("Conv", ["w"], ["kernel_shape": .integers([3, 3])]), floats: kernel, "(N, 2, 4, 4)"),
    Case(
      node("BatchNormalization", ["a", "a", "a", "a"], ["epsilon": .float(1e-3)]), opset: 9, floats: four,
      "(N, 4, 6, 6)"),
    Case(node("MaxPool", [], ["kernel_shape": .integers([2, 2]), "ceil_mode": .integer(1)]), "(N, 4, 5, 5)"),
    Case(node("Softmax"), opset: 11, "(N, 4, 6, 6)"),
    Case(node("Transpose"), input: [1, 1], "(1, 1)"),
    Case(node("Gelu", [], ["approximate": .text("tanh")]), opset: 20, "(N, 4, 6, 6)"),
  ]

  static let refused: [Case] = [
    Case(node("Relu", [], ["alpha": .float(1)]), "node node0: attribute alpha is not supported"),
    Case(node("Softmax", [], ["axis": .float(1)]), "node node0: attribute axis is invalid"),
    Case(node("Softmax", [], ["axis": .integer(9)]), "node node0: axis 9 does not exist in 4 dimensions"),
    Case(node("Conv", ["w"], ["auto_pad": .text("BOTH")]), floats: kernel, "node node0: attribute auto_pad is invalid"),
    Case(
      node("Conv", ["w"], ["strides": .integers([1])]), floats: kernel,
      "node node0: strides of 1 dimensions is not supported"),
    Case(node("Flatten", [], ["axis": .integers([1])]), "node node0: attribute axis is invalid"),
    Case(node("Gelu", [], ["approximate": .text("exact")]), opset: 20, "node node0: attribute approximate is invalid"),
    Case(node("Det"), "node node0: operator Det is not supported"),
    Case(node("Relu"), opset: 6, "opset 6 is not supported (7 to 28 are)"),
    Case(node("Relu"), input: [1, 0, 6], "input x: dimension 0 is not known: the image size must be stated"),
  ]

  private func graph(_ test: Case) throws -> Graph {
    let bytes = writtenModel(
      test.nodes, opset: test.opset, input: test.input, floats: test.floats, integers: test.integers)
    return try Model(ModelInMemory(bytes)) { _ in throw ModelError.noGraph }.graph()
  }

  @Test(arguments: taken)
  func shape(_ test: Case) throws { #expect(try graph(test).outputShape(0).description == test.expected) }

  @Test(arguments: refused)
  func refusal(_ test: Case) throws {
    let error = #expect(throws: ModelError.self) { try graph(test) }
    #expect(error?.description == test.expected)
  }

  @Test(arguments: [
    ([1, 3, 0, 0], true), ([1, 0, 0, 3], true), ([0, 3, 224, 224], false), ([1, 0, 224, 224], false),
    ([1, 3, 224, 0], true),
    ([1, 0, 0], false),
  ])
  func openSizes(dimensions: [Int], isOpen: Bool) throws {
    let bytes = writtenModel([Self.node("Relu")], opset: 13, input: dimensions)
    #expect(try Model(ModelInMemory(bytes)) { _ in throw ModelError.noGraph }.leavesImageSizeOpen == isOpen)
  }

  @Test func anOpenSizeIsStatedFromOutside() throws {
    let bytes = writtenModel([Self.node("Relu")], opset: 13, input: [0, 3, 0, 0])
    let model = try Model(ModelInMemory(bytes)) { _ in throw ModelError.noGraph }
    #expect(try model.graph(imageSize: ImageSize(height: 5, width: 7)).outputShape(0).description == "(N, 3, 5, 7)")
    #expect(throws: ModelError.self) { try model.graph() }
  }
}
