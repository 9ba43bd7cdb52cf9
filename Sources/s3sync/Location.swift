// The ends of a transfer: standard input or output, a path, a place in S3.

import Glibc
import S3

/// A source or a target as given on the command line.
enum Location: Equatable {
  /// Bytes in order: standard input or output, a FIFO, a device.
  case stream(StreamEnd)
  case path(String)
  case s3(ObjectURI)

  /// Reads an argument; nil for an `s3://` URI that is not valid.
  init?(argument: String) {
    if argument.utf8.starts(with: "s3://".utf8) {
      guard let uri = ObjectURI(argument) else { return nil }
      self = .s3(uri)
    } else if let stream = StreamEnd(argument: argument) {
      self = .stream(stream)
    } else {
      self = .path(argument)
    }
  }
}

/// A descriptor of this process, or a name to open, that is read or written from start to end.
enum StreamEnd: Equatable, Sendable {
  /// `-`
  case standard
  /// `/dev/stdin`, `/dev/fd/63`: already open, of any kind.
  case descriptor(CInt)
  /// A FIFO or a character device.
  case path(String)

  /// Nil for regular files, folders, and names of nothing.
  init?(argument: String) {
    if argument == "-" {
      self = .standard
      return
    }
    let names = ["/dev/stdin": STDIN_FILENO, "/dev/stdout": STDOUT_FILENO, "/dev/stderr": STDERR_FILENO]
    if let descriptor = names[argument] {
      self = .descriptor(descriptor)
      return
    }
    for prefix in ["/dev/fd/", "/proc/self/fd/"] where argument.hasPrefix(prefix) {
      guard let number = CInt(argument.dropFirst(prefix.count)), number >= 0, fcntl(number, F_GETFD) >= 0 else {
        return nil
      }
      self = .descriptor(number)
      return
    }
    var status = stat()
    guard unsafe stat(argument, &status) == 0 else { return nil }
    switch status.st_mode & S_IFMT {
    case S_IFREG, S_IFDIR: return nil
    default: self = .path(argument)
    }
  }

  /// For messages.
  func name(standard: String) -> String {
    switch self {
    case .standard: standard
    case .descriptor(let number): "/dev/fd/\(number)"
    case .path(let path): path
    }
  }
}
