// What a model needs and is not supported, as a list: one message names everything.

package import Network

/// One kind of thing that is not supported, and where.
package struct Refusal: Equatable, Sendable {
  package enum Reason: Equatable, Sendable {
    /// An unknown operator: its name, with the domain unless that is ONNX's own.
    case unknownOperator(String)
    /// A form of an operator.
    case form(GraphError)
    /// A constant's element type, by its code.
    case elementType(Int)
  }

  /// The first node or constant.
  package let node: String
  /// How many more there are.
  package internal(set) var others = 0
  package let reason: Reason
}

extension Refusal: CustomStringConvertible {
  package var description: String {
    let more = others == 0 ? "" : " (and \(others) more)"
    switch reason {
    case .unknownOperator(let type):
      let advice = Refusal.advice[type].map { " (\($0))" } ?? ""
      return "node \(node)\(more): operator \(type) is not supported\(advice)"
    case .form(let error): return "node \(node)\(more): \(error)"
    case .elementType(let code):
      return "tensor \(node)\(more): element type \(elementTypeName(code)) is not supported"
    }
  }

  private static let layout = "optimized for one machine: export the model without onnxruntime's extended optimizations"
  private static let fused = "export the model without onnxruntime's transformer optimizations"
  private static let control = "control flow and sequences: export the model with fixed shapes"

  private static let advice: [String: String] = [
    "com.microsoft.nchwc.Conv": layout, "com.microsoft.nchwc.MaxPool": layout,
    "com.microsoft.nchwc.AveragePool": layout, "com.microsoft.nchwc.GlobalAveragePool": layout,
    "com.microsoft.nchwc.GlobalMaxPool": layout, "com.microsoft.nchwc.ReorderInput": layout,
    "com.microsoft.nchwc.ReorderOutput": layout, "com.microsoft.nchwc.Upsample": layout,
    "com.microsoft.Attention": fused, "com.microsoft.MultiHeadAttention": fused,
    "Loop": control, "Scan": control, "SequenceConstruct": control, "SequenceEmpty": control,
    "SequenceInsert": control, "SequenceAt": control, "SequenceLength": control, "SequenceErase": control,
    "SequenceMap": control, "SplitToSequence": control, "ConcatFromSequence": control, "Optional": control,
    "OptionalGetElement": control, "OptionalHasElement": control,
  ]
}

/// Refusals as they are found.
struct Refusals {
  private(set) var all: [Refusal] = []
  private var positions: [Kind: Int] = [:]

  private struct Kind: Hashable {
    let operatorType: String
    let reason: String
  }

  /// - Parameter type: the operator; nodes of one operator that are refused for one reason are one kind.
  mutating func add(_ node: String, type: String, _ reason: Refusal.Reason) {
    let kind = Kind(operatorType: type, reason: "\(reason)")
    if let position = positions[kind] {
      all[position].others += 1
    } else {
      positions[kind] = all.count
      all.append(Refusal(node: node, reason: reason))
    }
  }
}
