import Streams

/// Why there is no model, no labels or no input contract to work with: configuration.
enum ConfigurationError: ReportableError {
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
