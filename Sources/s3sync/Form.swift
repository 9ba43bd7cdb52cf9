// Which of its forms a command line has.

import Glibc
import S3

/// What a run does, and between which ends.
enum Form {
  case list(ObjectURI)
  case tarOfPrefix(ObjectURI)
  case tarOfList(String)
  case objectToOutput(ObjectURI)
  case inputToObject(ObjectURI)
  case mirror(MirrorSides)
  case fileToObject(String, ObjectURI)
  case objectToFile(ObjectURI, String)
  case objectToObject(ObjectURI, ObjectURI)
}

extension Form {
  /// Throws `SyncError.usage` for arguments that go with no other.
  static func read(_ tool: Tool) throws(SyncError) -> Form {
    let selection = tool.selection
    if let list = selection.filesFrom {
      guard !selection.list, !selection.delete, !selection.dryRun else {
        throw .usage("--files-from goes with none of --list, --delete, --dry-run")
      }
      // With a list the one argument that is left is the target.
      let arguments = [tool.source, tool.target].compactMap { $0 }
      guard arguments == ["-"] else {
        throw .usage(
          "--files-from takes the objects from its list: the one argument is -, for a tar on standard output")
      }
      return .tarOfList(list)
    }
    guard let argument = tool.source else { throw .usage("source and target are missing; see --help") }
    if selection.list {
      guard tool.target == nil, !selection.delete, !selection.dryRun, case .s3(let uri) = try location(argument) else {
        throw .usage("--list takes one s3:// URI")
      }
      return .list(uri)
    }
    guard let second = tool.target else { throw .usage("the target is missing; see --help") }
    let form = try transferForm(try location(argument), try location(second))
    switch form {
    case .mirror: break
    default: if selection.delete { throw .usage("--delete is for a folder or a prefix on both sides") }
    }
    switch form {
    case .tarOfPrefix, .objectToOutput, .inputToObject:
      if selection.dryRun { throw .usage("--dry-run is not for standard input or output") }
    default: break
    }
    if case .mirror(.copy(let from, let to)) = form, from.bucket == to.bucket {
      if from.key == to.key { throw .usage("source and target are the same") }
      if selection.delete, from.key.hasPrefix(to.key) || to.key.hasPrefix(from.key) {
        throw .usage("--delete between a prefix and one inside it would remove its own source")
      }
    }
    return form
  }

  private static func transferForm(_ source: Location, _ target: Location) throws(SyncError) -> Form {
    switch (source, target) {
    case (.s3(let uri), .pipe): return uri.isPrefix ? .tarOfPrefix(uri) : .objectToOutput(uri)
    case (.pipe, .s3(let uri)):
      guard !uri.isPrefix else { throw .usage("standard input becomes one object: its key cannot end in a slash") }
      return .inputToObject(uri)
    case (.path(let path), .s3(let uri)):
      if isFolder(path) { return .mirror(.upload(folder: withSlash(path), prefix: withSlash(uri))) }
      return .fileToObject(path, uri.isPrefix ? object(uri, Key(lastName(path))) : uri)
    case (.s3(let uri), .path(let path)):
      if uri.isPrefix {
        if !isFolder(path), unsafe access(path, F_OK) == 0 { throw .usage("\(path) is no folder") }
        return .mirror(.download(prefix: uri, folder: withSlash(path)))
      }
      guard path.hasSuffix("/") || isFolder(path) else { return .objectToFile(uri, path) }
      let name = Key(lastName(uri.key.text))
      if let problem = pathProblem(name) { throw .unsafeKey("\(uri): \(problem)") }
      return .objectToFile(uri, withSlash(path) + name.text)
    case (.s3(let from), .s3(let to)):
      if from.isPrefix { return .mirror(.copy(from: from, to: withSlash(to))) }
      let target = to.isPrefix ? object(to, Key(lastName(from.key.text))) : to
      if target == from { throw .usage("source and target are the same") }
      return .objectToObject(from, target)
    case (.path, .path), (.pipe, .path), (.path, .pipe), (.pipe, .pipe):
      throw .usage("one of source and target has to be in S3")
    }
  }

  private static func location(_ argument: String) throws(SyncError) -> Location {
    guard !argument.isEmpty, let location = Location(argument: argument) else {
      throw .usage("\"\(argument)\" is neither a path nor s3://bucket/key")
    }
    return location
  }
}

private func isFolder(_ path: String) -> Bool {
  var status = stat()
  return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

private func withSlash(_ path: String) -> String { path.hasSuffix("/") ? path : path + "/" }

private func withSlash(_ uri: ObjectURI) -> ObjectURI {
  uri.isPrefix ? uri : ObjectURI(bucket: uri.bucket, key: Key(bytes: uri.key.bytes + [UInt8(ascii: "/")]))
}

/// What follows the last slash.
private func lastName(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
