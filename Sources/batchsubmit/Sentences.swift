// What people read about a call that failed, and the status that programs get.

import AWS
import HTTP
import Streams

/// A call that ended the work, with what it was for.
struct CallFailure: ReportableError {
  let object: String
  let error: ServiceError

  var reason: String { "\(object): \(error.sentence)" }

  var status: ExitStatus {
    switch error.kind {
    case .temporary: .temporary
    case .notPermitted: .noPermission
    case .missing, .precondition, .unavailable: .unavailable
    case .configuration: .configuration
    case .local: .io
    }
  }
}

extension ServiceError {
  /// One sentence without a line end.
  var sentence: String {
    switch self {
    case .refused(let failure):
      [failure.code.isEmpty ? "HTTP status \(failure.status)" : failure.code, failure.message]
        .filter { !$0.isEmpty }.joined(separator: ": ")
    case .transport(let error): error.sentence
    case .credentials(let error): error.sentence
    case .configuration(let error): error.sentence
    case .malformedAnswer(let what): "an answer that makes no sense: \(what)"
    }
  }
}

extension HTTPError {
  fileprivate var sentence: String {
    switch self {
    case .resolve(let host): "\(host) has no address"
    case .connect(let host, let message): "no connection to \(host): \(message)"
    case .tls(let message): "no secure connection: \(message)"
    case .timeout(let seconds): "no answer within \(fixed(seconds, decimals: 0)) seconds"
    case .reset(let message): "the connection broke: \(message)"
    case .truncated: "the answer was cut short"
    case .tooLarge(let limit): "the answer is longer than \(limit) bytes"
    case .stopped: "the answer was not taken"
    case .source(let code): SystemError.describe(code)
    case .badURL(let url): "\(url) is no URL"
    case .badHeader(let name): "the header \(name) cannot be sent"
    case .cancelled: "interrupted"
    case .other(_, let message): message
    }
  }
}

extension CredentialsError {
  fileprivate var sentence: String {
    switch self {
    case .none: "no credentials: neither environment, profile, container nor instance has any"
    case .configuration(let source, let reason): "credentials from \(source): \(reason)"
    case .malformed(let source): "\(source) answered with something that is no credentials"
    case .refused(let source, let reason): "\(source) refuses credentials: \(reason)"
    case .unreachable(let source, let reason): "no credentials from \(source): \(reason)"
    }
  }
}

extension ConfigurationError {
  var sentence: String {
    switch self {
    case .malformedFile(let path, let line): "\(path): line \(line) is malformed"
    case .unknownProfile(let name): "no profile \(name) in the configuration files"
    case .malformedEndpoint(let url): "\(url) is no endpoint"
    case .noRegion: "no region: give --region or AWS_REGION"
    }
  }
}

extension EventError {
  var sentence: String {
    switch self {
    case .notAnEvent: "neither an event in JSON nor a list of objects"
    case .unknownShape: "JSON, but no event of S3, SQS, SNS or EventBridge"
    case .malformedKey(let key): "the key \(key) is not form-encoded UTF-8 of 1 to 1024 bytes"
    case .malformedBucket(let name): "\(name) is no bucket's name"
    case .nestedTooDeeply: "an event within an event within an event"
    case .tooLarge(let bytes): "an event of more than \(min(bytes, Event.maximumSize)) bytes"
    }
  }
}
