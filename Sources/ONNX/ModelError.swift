public import Network

/// Why a model cannot be used. Carries facts; `description` makes the sentence.
public enum ModelError: Error, Equatable, Sendable {
  /// Not protobuf, or cut: what is wrong is at this byte.
  case malformed(offset: Int)
  /// The bytes are a message, but no ONNX model: it has no graph.
  case noGraph
  case opset(Int)
  case noOpset
  case quantized(node: String, operatorType: String)
  case unsupportedOperator(node: String, operatorType: String)
  case unsupportedFeature(String)
  case node(NodeError)
  /// A node reads a value that nothing before it writes.
  case undefined(node: String, value: String)
  /// A node reads a value that it, or a node after it, writes.
  case cycle(node: String, value: String)
  case duplicate(value: String)
  /// A graph output that nothing writes.
  case missingOutput(String)
  case tensor(name: String, TensorFault)
  case input(name: String, InputFault)

  public enum TensorFault: Equatable, Sendable {
    case dimensions
    case type(Int)
    case size(bytes: Int, expected: Int)
    case segmented
    /// The external file's path leaves the model's folder, or is none.
    case externalPath(String)
    case externalFile(String)
    /// The stated range is not inside the external file.
    case externalRange
  }

  public enum InputFault: Equatable, Sendable {
    case notTensor
    case type(Int)
    case dynamic(dimension: String)
    case dimensions
  }
}

extension ModelError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformed(let offset): "not an ONNX model, or a damaged one (at byte \(offset))"
    case .noGraph: "not an ONNX model: it has no graph"
    case .opset(let version): "opset \(version) is not supported (7 to 21 are)"
    case .noOpset: "the model does not say its opset"
    case .quantized(let node, let type):
      "node \(node): \(type): quantised models are not supported; use the float32 model"
    case .unsupportedOperator(let node, let type): "node \(node): operator \(type) is not supported"
    case .unsupportedFeature(let what): "\(what) is not supported"
    case .node(let error): error.description
    case .undefined(let node, let value): "node \(node): its input \(value) does not exist"
    case .cycle(let node, let value): "node \(node): its input \(value) is computed from its own output or after it"
    case .duplicate(let value): "\(value) is defined twice"
    case .missingOutput(let name): "output \(name) is not computed by any node"
    case .tensor(let name, let fault): "tensor \(name): \(fault)"
    case .input(let name, let fault): "input \(name): \(fault)"
    }
  }
}

extension ModelError.TensorFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .dimensions: "its dimensions are negative or too large"
    case .type(let type): "element type \(type) is not supported"
    case .size(let bytes, let expected): "it has \(bytes) bytes of data where its dimensions need \(expected)"
    case .segmented: "segments are not supported"
    case .externalPath(let path): "external data \(path) is not inside the model's folder"
    case .externalFile(let reason): reason
    case .externalRange: "its external data lies outside the file"
    }
  }
}

extension ModelError.InputFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notTensor: "it is not a tensor of known rank"
    case .type(let type): "element type \(type) is not supported"
    case .dynamic(let dimension): "dimension \(dimension) is not known; only the batch may be"
    case .dimensions: "its dimensions are out of range"
    }
  }
}
