// What a model file can say: one type per operator, one file per type, in `Operators/`.

import Elements

/// An operator and its attributes, as a model file states them.
package protocol Operator: Sendable {
  /// Infers the results' types, folds what is constant, and takes constant operands into the computation.
  /// What cannot be computed exactly is refused here, so that no wrong result follows.
  func resolve(_ operands: Operands) throws(GraphError) -> Resolution
}

/// The result of resolving a node.
package enum Resolution: Sendable {
  /// Every result is known now.
  case constants([Tensor])
  /// The result is the operand at this position.
  case operand(Int)
  /// Computed when the network runs, from the operands at these positions; the others went into the computation itself.
  case computed(any Computation, reads: [Int], results: [TensorType])

  /// A computation with one result, which is a constant where it has no elements.
  static func computed(
    _ computation: any Computation, reads: [Int], result: TensorType
  ) throws(GraphError) -> Resolution {
    if result.shape.count > 0 { return .computed(computation, reads: reads, results: [result]) }
    return .constants([try Tensor(type: result.element, dimensions: result.shape.dimensions, bytes: [])])
  }
}

/// One operand as a node sees it while the graph is resolved.
struct Operand: Sendable {
  let type: ElementType
  let shape: Shape
  let constant: Tensor?
}

/// The operands of a node, checked as they are taken.
package struct Operands: Sendable {
  let all: [Operand?]

  var count: Int { all.count }

  /// Throws `.missingOperand` where there is none.
  func operand(_ position: Int) throws(GraphError) -> Operand {
    guard position < all.count, let operand = all[position] else { throw .missingOperand(position) }
    return operand
  }

  func optional(_ position: Int) -> Operand? { position < all.count ? all[position] : nil }

  /// An operand that must be a constant.
  func constant(_ position: Int) throws(GraphError) -> Tensor {
    guard let constant = try operand(position).constant else { throw .notConstant(operand: position) }
    return constant
  }

  func optionalConstant(_ position: Int) throws(GraphError) -> Tensor? {
    optional(position) == nil ? nil : try constant(position)
  }

  /// What an attribute stated in older opsets, and operand `position`, a constant, states in newer ones.
  func integers(_ attribute: [Int]?, or position: Int) throws(GraphError) -> [Int]? {
    if let attribute { return attribute }
    return try optionalConstant(position)?.integers
  }

  /// The shape of an operand that arithmetic is done with: floating, and not empty.
  func activation(_ position: Int) throws(GraphError) -> Shape {
    let operand = try operand(position)
    guard operand.type.isFloating else { throw .elementType(operand.type) }
    guard operand.shape.count > 0 else { throw .emptyTensor }
    return operand.shape
  }

  /// The shape of an operand whose elements are only moved: of any type, and not empty.
  func elements(_ position: Int) throws(GraphError) -> Shape {
    let operand = try operand(position)
    guard operand.shape.count > 0 else { throw .emptyTensor }
    return operand.shape
  }

  /// Throws `.tooManyOperands` where an operator ignores nothing it is given.
  func require(atMost count: Int) throws(GraphError) {
    if all.count > count { throw .tooManyOperands(all.count) }
  }

  /// The resolution to a computation whose results have the element type of the first operand it reads.
  func computed(_ computation: any Computation, reads: [Int], shapes: [Shape]) -> Resolution {
    let type = reads.first.flatMap { all[$0]?.type } ?? .float32
    return .computed(computation, reads: reads, results: shapes.map { TensorType(type, $0) })
  }
}
