// What the graph asks of an operator: one type an operator, one file a type, in `Operators/`.

/// One operand as a node sees it while the graph is resolved.
public struct Operand: Sendable {
  public let type: ElementType
  public let shape: Shape
  public let constant: Tensor?
}

/// What a node turns into once its operands are known.
public enum Resolution: Sendable {
  /// Every result is known now.
  case constants([Tensor])
  /// The result is the operand at this position.
  case operand(Int)
  /// Computed when the network runs, from the operands at these positions; the others went into the operator itself.
  case computed(any Operator, reads: [Int], shapes: [Shape])
}

/// An operator and its attributes.
public protocol Operator: Sendable {
  /// The name in `--describe` and `--profile`.
  var name: String { get }

  /// Infers result shapes, folds what is constant, takes constant parameters into the operator.
  /// Whatever cannot be computed exactly is refused here, so that no wrong answer comes later.
  func resolve(_ operands: Operands) throws(GraphError) -> Resolution

  var layoutRule: LayoutRule { get }
  /// Whether inputs and the output may be channel slices of a wider value (`Place.stride`).
  var takesSlices: Bool { get }
  /// Whether the output may be written over the first input.
  var worksInPlace: Bool { get }
  /// Whether the result is the first input's memory, read under another shape.
  var isView: Bool { get }

  /// Multiply-adds per item of the batch.
  func multiplyAdds(_ inputs: [Shape], _ outputs: [Shape]) -> Int
  /// Constants the operator holds, in numbers.
  var parameterCount: Int { get }

  /// Packs weights and returns the code that runs; called once, after every pass. nil: nothing to do.
  func compile(_ site: Site) throws(GraphError) -> Kernel?
}

extension Operator {
  public var layoutRule: LayoutRule { .rowMajor }
  public var takesSlices: Bool { false }
  public var worksInPlace: Bool { false }
  public var isView: Bool { false }
  public var parameterCount: Int { 0 }
  public func multiplyAdds(_ inputs: [Shape], _ outputs: [Shape]) -> Int { 0 }
}

/// The operands of a node, checked as they are taken.
public struct Operands: Sendable {
  public let all: [Operand?]

  public var count: Int { all.count }

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

  /// The shape of an operand that the network computes with: floating, and not empty.
  func activation(_ position: Int) throws(GraphError) -> Shape {
    let operand = try operand(position)
    guard operand.type.isFloating else { throw .elementType(operand.type) }
    guard operand.shape.count > 0 else { throw .emptyTensor }
    return operand.shape
  }

  /// Throws `.tooManyOperands` where an operator ignores nothing it is given.
  func require(atMost count: Int) throws(GraphError) {
    if all.count > count { throw .tooManyOperands(all.count) }
  }
}
