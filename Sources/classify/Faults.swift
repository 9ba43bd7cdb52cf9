import Streams

/// Why there is no model, no labels or no input contract to work with: configuration.
enum ModelFault: ReportableError {
  case none
  case unreadable(SystemError)
  case unusable(String, String)
  case notClassifier(String, String)
  case contract(source: String, key: String)
  case labels(source: String, count: Int, classes: Int)
  case notLabels(String)

  var status: ExitStatus {
    if case .unreadable(let error) = self, error.status == .noPermission { return .noPermission }
    return .configuration
  }

  var reason: String {
    switch self {
    case .none: "no model: give --model FILE or set CLASSIFY_MODEL"
    case .unreadable(let error): error.reason
    case .unusable(let path, let why): "\(path): \(why)"
    case .notClassifier(let path, let why): "\(path): not an image classifier of (n, channels, height, width): \(why)"
    case .contract(let source, let key): "\(source): \(key) is not what an input contract can have"
    case .labels(let source, let count, let classes): "\(source): \(count) labels for a model of \(classes) classes"
    case .notLabels(let source): "\(source): no labels: text is expected, or a JSON array of texts"
    }
  }
}

/// Why an item, or the whole input, cannot be classified.
enum InputError: ReportableError, Equatable {
  case empty
  case jpeg
  case notTensors(String)
  case tooLarge(limit: Int)
  case npy(NpyHeader.Malformed)
  /// A tar member that is no tensor.
  case notNpy
  case notFile(String)
  case badRecord
  case geometry(tensor: String, model: String, hint: String)
  /// The network's answer has infinities or NaN.
  case notFinite

  var status: ExitStatus { .data }

  var code: String {
    switch self {
    case .empty, .jpeg, .notTensors, .notNpy: "not-a-tensor"
    case .tooLarge: "too-large"
    case .npy: "bad-npy"
    case .notFile: "not-a-file"
    case .badRecord: "bad-error-record"
    case .geometry: "wrong-geometry"
    case .notFinite: "not-finite"
    }
  }

  var reason: String {
    switch self {
    case .empty: "standard input is empty; an .npy or a tar of them is expected"
    case .jpeg: "standard input is a JPEG image; decode it first: imgdecode < FILE | classify"
    case .notTensors(let what): "standard input is \(what); an .npy or a tar of them is expected"
    case .tooLarge(let limit): "a tensor of more than \(limit) bytes"
    case .npy(let fault): fault.reason
    case .notNpy: "its name does not end in .npy"
    case .notFile(let kind): "it is \(kind), no file"
    case .badRecord: "its name ends in .error.json but it is no error record of its own name"
    case .geometry(let tensor, let model, let hint): "the tensor is \(tensor), the model takes \(model); \(hint)"
    case .notFinite: "the model's answer is not finite"
    }
  }

  func record(for name: ItemName) -> ErrorRecord {
    ErrorRecord(image: name, tool: Classify.name, code: code, message: reason)
  }
}
