// Why classify cannot be set up.

import Streams

/// Configuration errors: a missing or unusable model, label list or input contract.
enum ConfigurationError: ReportableError {
  case none
  case unreadable(SystemError)
  case unusable(String, String)
  /// The model leaves the size of images open, and cannot take this one.
  case unsuitableSize(String, size: String, String)
  /// A flag that needs one size for all images.
  case sizeRequired(flag: String)
  case notClassifier(String, String)
  case contract(source: String, key: String)
  case unknownKey(source: String, key: String)
  case notObject(String)
  case labels(source: String, count: Int, classes: Int)
  case notLabels(String)
  case noSuchOutput(path: String, name: String, outputs: String)
  case severalOutputs(path: String, outputs: String)
  case singleLogit(String)
  case precision(String)
  case instructionSet(setting: String, reason: String)

  var status: ExitStatus {
    if case .unreadable(let error) = self, error.status == .noPermission { return .noPermission }
    return .configuration
  }

  var reason: String {
    switch self {
    case .none: "no model: give --model FILE or set CLASSIFY_MODEL"
    case .unreadable(let error): error.reason
    case .unusable(let path, let why): "\(path): \(why)"
    case .unsuitableSize(let path, let size, let why):
      "\(path): the size of images is open, and \(size) is not suitable: \(why); give --input-size"
    case .sizeRequired(let flag): "\(flag) requires --input-size for a model that leaves the size of images open"
    case .notClassifier(let path, let why): "\(path): not an image classifier of (n, channels, height, width): \(why)"
    case .contract(let source, let key): "\(source): invalid value of \(key)"
    case .unknownKey(let source, let key):
      "\(source): unknown key \(key), which may change the preprocessing: state it with --mean, --std, --scale"
    case .notObject(let path): "\(path): not a JSON object"
    case .labels(let source, let count, let classes): "\(source): \(count) labels for a model of \(classes) classes"
    case .notLabels(let source): "\(source): invalid labels: expected one a line, a JSON array or an object of indices"
    case .noSuchOutput(let path, let name, let outputs): "\(path): no output \(name); there are \(outputs)"
    case .severalOutputs(let path, let outputs): "\(path): choose one of several outputs with --output: \(outputs)"
    case .singleLogit(let path):
      "\(path): one number per image and no activation in the graph: give --activation sigmoid or --activation none"
    case .precision(let value): "CLASSIFY_PRECISION=\(value): unknown precision: expected float32 or bf16"
    case .instructionSet(let setting, let reason): "CLASSIFY_ISA=\(setting): \(reason)"
    }
  }
}
