// What can go wrong, with the sentence and the exit status for each.

import AWS
import Glibc
import HTTP
import S3
import Streams

/// A failure of one transfer or of all of them.
indirect enum SyncError: ReportableError, Equatable {
  case usage(String)
  case service(ServiceError)
  case system(SystemError)
  /// A key that must not or cannot be a path below the target.
  case unsafeKey(String)
  /// The item exists and cannot be read.
  case unreadable(String)
  /// Something at the target obstructs the item, and this run must not remove it.
  case obstructed(String)
  /// The target is a FIFO, a device or a socket, which a download never replaces: its path.
  case special(String)
  /// A line of a list is not an object.
  case malformedLine(number: Int)
  /// A file or object is not what it was when it was listed or first read.
  case changed(String)
  case tooLarge(bytes: Int64, limit: Int64)
  /// The bytes received are not the object's.
  case checksum
  /// No object has this name: what to do about it.
  case noSuchObject(String)
  /// A failure of the item of this name, which ends the run.
  case item(String, SyncError)
  /// A stream has ended inside an object: which, and why.
  case truncated(String, String)
  /// --max-delete.
  case tooManyDeletions(count: Int, limit: Int)

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
    case .unsafeKey, .malformedLine, .tooLarge, .tooManyDeletions: .data
    case .unreadable, .obstructed, .special: .io
    case .noSuchObject: .unavailable
    case .item(_, let error): error.status
    case .changed, .checksum, .truncated: .temporary
    }
  }

  var reason: String {
    switch self {
    case .usage(let text), .unsafeKey(let text), .unreadable(let text), .obstructed(let text), .changed(let text),
      .noSuchObject(let text):
      text
    case .special(let path): "\(path) is a FIFO, a device or a socket, which is never replaced"
    case .service(let error): sentence(error)
    case .system(let error): error.reason
    case .malformedLine(let number): "line \(number) is neither an object record nor an s3:// URI"
    case .tooLarge(let bytes, let limit): "\(bytes) bytes exceed the limit of \(limit)"
    case .checksum: "the received bytes do not match the object's checksum"
    case .item(let name, let error): "\(name): \(error.reason)"
    case .truncated(let object, let reason): "\(object): the stream ends inside this object: \(reason)"
    case .tooManyDeletions(let count, let limit):
      "--max-delete: \(count) deletions exceed the limit of \(limit); nothing was deleted"
    }
  }
}

extension SyncError {
  /// Whether a later run may continue where this one stopped.
  var isResumable: Bool {
    guard case .service(let error) = self else { return false }
    return error.kind == .temporary || error.kind == .notPermitted
  }
}

/// Makes a failed system call one of the tool's errors.
func systemCalls<Value>(_ work: () throws(SystemError) -> Value) throws(SyncError) -> Value {
  do throws(SystemError) {
    return try work()
  } catch {
    throw .system(error)
  }
}

/// A failed call of a service, in words.
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
    case .malformedEndpoint(let url): "invalid endpoint \(withoutPassword(url))"
    case .noRegion: "invalid region: set AWS_REGION"
    }
  case .malformedAnswer(let text): return "unexpected response: \(text)"
  }
}

private func words(status: Int) -> String {
  switch status {
  case 401, 403: "not permitted"
  case 404: "not found"
  case 412: "changed since it was listed"
  case 301, 302, 307, 308: "redirected to another host; redirects are not followed"
  default: "refused"
  }
}

/// Why there was no response, in words.
func sentence(_ error: HTTPError) -> String {
  switch error {
  case .resolve(let host): "cannot resolve \(host)"
  case .connect(let host, let message): "cannot connect to \(host): \(message)"
  case .tls(let message): "TLS failed: \(message)"
  case .timeout(let seconds): "no response within \(Int(seconds)) seconds"
  case .reset(let message): "the connection broke: \(message)"
  case .truncated(let expected, let received):
    expected < 0
      ? "the response ended early, after \(received) bytes"
      : "the response ended after \(received) of \(expected) bytes"
  case .tooLarge(let limit): "longer than \(limit) bytes"
  case .stopped: "the received bytes could not be written"
  case .source(let code):
    code == ENODATA || code == ESTALE
      ? "the file changed while it was read" : "cannot read: \(SystemError.describe(code))"
  case .badURL: "the name does not form a valid URL"
  case .badHeader(let name): "the header \(name) contains a line break"
  case .cancelled: "interrupted"
  case .other(let code, let message): "\(message) (\(code))"
  }
}

private func sentence(_ error: CredentialsError) -> String {
  switch error {
  case .none: "no credentials: neither in the environment, nor in a profile, nor from a container or an instance"
  case .configuration(let source, let reason): "credentials: \(source): \(reason)"
  case .malformed(let source): "credentials: unexpected response from \(source)"
  case .refused(let source, let reason): "credentials: \(source) refused: \(reason)"
  case .unreachable(let source, let reason): "credentials: \(source) cannot be reached: \(reason)"
  }
}

/// A URL with the password of its authority hidden.
func withoutPassword(_ url: String) -> String {
  guard let scheme = url.firstRange(of: "://") else { return url }
  let rest = url[scheme.upperBound...]
  let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
  guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") else { return url }
  return url[..<colon] + ":…" + url[at...]
}
