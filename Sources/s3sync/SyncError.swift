// The errors of transfers, with a message and an exit status for each.

import AWS
import HTTP
import POSIX
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
  /// A line of a list does not name an object.
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
    case .service(let error): error.status
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
    case .service(let error): error.sentence
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

/// Calls the system; its error becomes a `SyncError`.
func systemCalls<Value: ~Copyable>(_ work: () throws(SystemError) -> Value) throws(SyncError) -> Value {
  try mapError(SyncError.system, of: work)
}

/// Makes system calls on another thread, while the loop goes on.
@Loop
func blockingCall<Value: Sendable>(
  _ work: @escaping @Sendable () throws(SystemError) -> Value
) async throws(SyncError) -> Value {
  try await Loop.blocking { Result { () throws(SystemError) in try work() } }.mapError(SyncError.system).get()
}
