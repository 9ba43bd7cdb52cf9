// Why configuration cannot be used.

import HTTP

/// A setting of flags, environment or files that cannot be used.
package enum ConfigurationError: Error, Equatable, Sendable {
  case malformedFile(path: String, line: Int)
  case unknownProfile(String)
  case malformedEndpoint(String)
  case invalidSetting(name: String, value: String, expected: String)
  case noRegion
  /// A bucket that this program cannot reach, and why.
  case unsupportedBucket(String, reason: String)
}

extension ConfigurationError {
  /// One sentence without a line end.
  var sentence: String {
    switch self {
    case .malformedFile(let path, let line): "\(path): line \(line) is malformed"
    case .unknownProfile(let name): "no profile \(name) in the configuration files"
    case .malformedEndpoint(let url): "invalid endpoint \(withoutPassword(url))"
    case .invalidSetting(let name, let value, let expected): "\(name): \(value) is not \(expected)"
    case .noRegion: "no valid region: set AWS_REGION or --region"
    case .unsupportedBucket(let name, let reason): "\(name): \(reason)"
    }
  }
}
