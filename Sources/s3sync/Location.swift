// The two ends of a transfer: a pipe, a path, a place in S3.

import S3

/// A source or a target as given on the command line.
enum Location: Equatable {
  /// Standard input or output.
  case pipe
  case path(String)
  case s3(ObjectURI)

  /// Reads an argument; nil for an `s3://` URI that cannot be one.
  init?(argument: String) {
    if argument == "-" {
      self = .pipe
    } else if argument.utf8.starts(with: "s3://".utf8) {
      guard let uri = ObjectURI(argument) else { return nil }
      self = .s3(uri)
    } else {
      self = .path(argument)
    }
  }
}
