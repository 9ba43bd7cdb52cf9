// Errors of shape inference and compilation, alone and with the name of the node.

package import Elements
internal import POSIX

/// Why a network cannot be built. Carries facts; `description` makes the sentence.
package enum GraphError: Error, Equatable, Sendable {
  /// The operator has no implementation for this; the text says what.
  case unsupported(String)
  /// Operands' shapes are incompatible.
  case shapes([Shape])
  case elementType(ElementType)
  /// Operand number `operand` must be known at load.
  case notConstant(operand: Int)
  case missingOperand(Int)
  case tooManyOperands(Int)
  case axis(Int, rank: Int)
  case rank(Int)
  /// A shape depends on the batch in a way other than its first dimension being a multiple of it.
  case dynamicShape
  case emptyTensor
  /// An integer left the range of 64 bits, or a tensor the limit of `Shape.maximumCount` elements.
  case overflow
  case attribute(String)
  /// An output that is not computed (a mask, indices) is read by a node.
  case unsupportedOutput(Int)
  case outOfMemory(bytes: Int)
}

extension GraphError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unsupported(let what): "\(what) is not supported"
    case .shapes(let shapes): "the shapes \(shapes.map(\.description).joined(separator: ", ")) do not go together"
    case .elementType(let type): "element type \(type.rawValue) is not supported here"
    case .notConstant(let operand): "input \(operand) must be a constant"
    case .missingOperand(let operand): "input \(operand) is missing"
    case .tooManyOperands(let count): "\(count) inputs are too many"
    case .axis(let axis, let rank): "axis \(axis) does not exist in \(rank) dimensions"
    case .rank(let rank): "a tensor of \(rank) dimensions is not supported here"
    case .dynamicShape: "a shape that depends on more than the batch is not supported"
    case .emptyTensor: "an empty tensor is not supported here"
    case .overflow: "a size is out of range"
    case .attribute(let name): "attribute \(name) is invalid"
    case .unsupportedOutput(let output): "output \(output) is not supported"
    case .outOfMemory(let bytes): "cannot allocate \(bytes) bytes"
    }
  }
}

/// A `GraphError` and the node it happened in.
package struct NodeError: Error, Equatable, Sendable, CustomStringConvertible {
  package let node: String
  package let error: GraphError

  package init(node: String, error: GraphError) {
    self.node = node
    self.error = error
  }

  package var description: String { "node \(node): \(error)" }

  /// Runs work on a node, or for a value of that name; its error names it.
  static func naming<Value>(
    _ node: String, _ work: () throws(GraphError) -> Value
  ) throws(NodeError) -> Value {
    try mapError({ NodeError(node: node, error: $0) }, of: work)
  }
}

/// Every node that is refused, in the order of the nodes.
package struct NodeErrors: Error, Equatable, Sendable {
  package let errors: [NodeError]
}
