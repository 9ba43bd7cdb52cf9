// What can go wrong, and the sentences and statuses for it.

import AWS
import Glibc
import HTTP
import S3
import Streams

/// A failure of one transfer or of all of them.
enum SyncError: ReportableError, Equatable {
  case usage(String)
  case service(ServiceError)
  case system(SystemError)
  /// A key that must not or cannot be a path below the target.
  case unsafeKey(String)
  /// The item is there and cannot be looked at.
  case unreadable(String)
  /// A list's line is no object.
  case malformedLine(number: Int)
  /// A file or object is not what it was when it was listed or first read.
  case changed(String)
  case tooLarge(bytes: Int64, limit: Int64)
  case checksum

  var status: ExitStatus {
    switch self {
    case .usage: .usage
    case .service(let error):
      switch error.kind {
      case .temporary: .temporary
      case .notPermitted: .noPermission
      case .missing, .precondition, .unavailable: .unavailable
      case .configuration: .configuration
      case .local: .io
      }
    case .system(let error): error.status
    case .unsafeKey, .malformedLine, .tooLarge: .data
    case .unreadable: .io
    case .changed, .checksum: .temporary
    }
  }

  var reason: String {
    switch self {
    case .usage(let text), .unsafeKey(let text), .unreadable(let text), .changed(let text): text
    case .service(let error): sentence(error)
    case .system(let error): error.reason
    case .malformedLine(let number): "line \(number) is neither an object record nor an s3:// URI"
    case .tooLarge(let bytes, let limit): "\(bytes) bytes are more than the limit of \(limit)"
    case .checksum: "the bytes that arrived do not have the object's checksum"
    }
  }
}

/// What became of a call, in words.
private func sentence(_ error: ServiceError) -> String {
  switch error {
  case .refused(let failure):
    let code = failure.code.isEmpty ? words(status: failure.status) : failure.code
    return "\(code) (HTTP \(failure.status))" + (failure.message.isEmpty ? "" : ": \(failure.message)")
  case .transport(let error): return sentence(error)
  case .credentials(let error): return sentence(error)
  case .configuration(let error):
    return switch error {
    case .malformedFile(let path, let line): "\(path): line \(line) is malformed"
    case .unknownProfile(let name): "there is no profile \(name)"
    case .malformedEndpoint(let url): "\(url) is no endpoint"
    case .noRegion: "no region that could be one: set AWS_REGION"
    }
  case .malformedAnswer(let text): return "the service's answer makes no sense: \(text)"
  }
}

private func words(status: Int) -> String {
  switch status {
  case 401, 403: "not permitted"
  case 404: "not found"
  case 412: "changed since it was listed"
  case 301, 302, 307, 308: "redirected to another host, which is not followed"
  default: "refused"
  }
}

/// Why there was no answer, in words.
func sentence(_ error: HTTPError) -> String {
  switch error {
  case .resolve(let host): "cannot resolve \(host)"
  case .connect(let host, let message): "cannot connect to \(host): \(message)"
  case .tls(let message): "no secure connection: \(message)"
  case .timeout(let seconds): "no answer for \(Int(seconds)) seconds"
  case .reset(let message): "the connection broke: \(message)"
  case .truncated(let expected, let received): "the answer ended after \(received) of \(expected) bytes"
  case .tooLarge(let limit): "longer than \(limit) bytes"
  case .stopped: "its bytes could not be taken"
  case .source(let code): "cannot read: \(code == ENODATA ? "the file became shorter" : SystemError.describe(code))"
  case .badURL: "the name makes no URL"
  case .badHeader(let name): "the header \(name) holds a line end"
  case .cancelled: "interrupted"
  case .other(let code, let message): "\(message) (\(code))"
  }
}

private func sentence(_ error: CredentialsError) -> String {
  switch error {
  case .none: "no credentials: neither in the environment, nor in a profile, nor from a container or an instance"
  case .configuration(let source, let reason): "credentials: \(source): \(reason)"
  case .malformed(let source): "credentials: what \(source) gave makes no sense"
  case .refused(let source, let reason): "credentials: \(source) refused: \(reason)"
  case .unreachable(let source, let reason): "credentials: \(source) cannot be reached: \(reason)"
  }
}
