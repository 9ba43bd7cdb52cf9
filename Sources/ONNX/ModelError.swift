// Errors of reading and importing an ONNX file.

package import Network

/// Why a model cannot be used. Carries facts; `description` makes the sentence.
package enum ModelError: Error, Equatable, Sendable {
  /// Not protobuf, or cut: what is wrong is at this byte.
  case malformed(offset: Int)
  /// The bytes are a message without a graph, so not an ONNX model.
  case noGraph
  case opset(Int)
  case noOpset
  /// Everything that the outputs depend on and that is not supported, each kind once.
  case refused([Refusal])
  case unsupportedFeature(String)
  case node(NodeError)
  /// Functions call each other too deep or too often.
  case expansion(node: String)
  /// A call has more inputs or outputs than the function.
  case call(node: String, function: String)
  /// A node reads a value that nothing writes.
  case undefined(node: String, value: String)
  /// A node reads a value that depends on its own result.
  case cycle(node: String, value: String)
  case duplicate(value: String)
  /// A graph output that nothing writes.
  case missingOutput(String)
  case tensor(name: String, TensorError)
  case input(name: String, InputError)

  package enum TensorError: Equatable, Sendable {
    case dimensions
    case type(Int)
    case size(bytes: Int, expected: Int)
    case segmented
    /// The external file's path leaves the model's folder or is empty.
    case externalPath(String)
    case externalFile(String)
    /// The stated range is not inside the external file.
    case externalRange
  }

  package enum InputError: Equatable, Sendable {
    case notTensor
    case type(Int)
    case dynamic(dimension: String)
    case dimensions
  }
}

extension ModelError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .malformed(let offset): "not an ONNX model, or a damaged one (at byte \(offset))"
    case .noGraph: "not an ONNX model: it has no graph"
    case .opset(let version):
      "opset \(version) is not supported (\(Model.opsets.lowerBound) to \(Model.opsets.upperBound) are)"
    case .noOpset: "the model does not say its opset"
    case .refused(let refusals): refusals.map(\.description).joined(separator: "; ")
    case .expansion(let node): "node \(node): the model's functions call each other without end or too often"
    case .call(let node, let function): "node \(node): more inputs or outputs than the function \(function) has"
    case .unsupportedFeature(let what): "\(what) is not supported"
    case .node(let error): error.description
    case .undefined(let node, let value): "node \(node): its input \(value) does not exist"
    case .cycle(let node, let value): "node \(node): its input \(value) is computed from its own output"
    case .duplicate(let value): "\(value) is defined twice"
    case .missingOutput(let name): "output \(name) is not computed by any node"
    case .tensor(let name, let fault): "tensor \(name): \(fault)"
    case .input(let name, let fault): "input \(name): \(fault)"
    }
  }
}

extension ModelError.TensorError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .dimensions: "its dimensions are negative or too large"
    case .type(let code): "element type \(elementTypeName(code)) is not supported"
    case .size(let bytes, let expected): "it has \(bytes) bytes of data where its dimensions need \(expected)"
    case .segmented: "segments are not supported"
    case .externalPath(let path): "external data \(path) is not inside the model's folder"
    case .externalFile(let reason): reason
    case .externalRange: "its external data lies outside the file"
    }
  }
}

extension ModelError.InputError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notTensor: "it is not a tensor of known rank"
    case .type(let code): "element type \(elementTypeName(code)) is not supported"
    case .dynamic(let dimension): "dimension \(dimension) is not known: the image size must be stated"
    case .dimensions: "its dimensions are out of range"
    }
  }
}
