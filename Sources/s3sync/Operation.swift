// What a command line asks for.

import Glibc
import S3

/// What a run does, and between which ends.
enum Operation {
  case list(ObjectURI)
  case listBuckets
  case tarOfPrefix(ObjectURI, StreamEnd)
  case tarOfList(String, StreamEnd)
  case objectToStream(ObjectURI, StreamEnd)
  case streamToObject(StreamEnd, ObjectURI)
  /// With a list: of its names alone.
  case mirror(MirrorSides, namesFrom: String?)
  case fileToObject(String, ObjectURI)
  /// - Parameter folder: ends in a slash, or is empty for the current one.
  case objectToFile(ObjectURI, folder: String, name: Key)
  case objectToObject(ObjectURI, ObjectURI)
}

extension Operation {
  /// Throws `SyncError.usage` for arguments and flags that cannot be combined.
  static func read(_ tool: Tool) throws(SyncError) -> Operation {
    let operation = try tool.selection.list ? listing(tool) : transfer(tool)
    try check(operation, tool.selection)
    try checkInPlace(operation, tool.attributes)
    return operation
  }

  private static func listing(_ tool: Tool) throws(SyncError) -> Operation {
    guard tool.target == nil else { throw .usage("--list takes one s3:// URI") }
    guard let argument = tool.source, argument != "s3://" else { return .listBuckets }
    guard case .s3(let uri) = try location(argument) else { throw .usage("--list takes one s3:// URI") }
    return .list(uri)
  }

  private static func transfer(_ tool: Tool) throws(SyncError) -> Operation {
    let list = tool.selection.filesFrom
    guard let argument = tool.source else { throw .usage("source and target are missing; see --help") }
    let first = try location(argument)
    guard let argument = tool.target else {
      // The objects of a list have complete keys, so no source is given.
      if let list, case .stream(let output) = first { return .tarOfList(list, output) }
      throw .usage(list == nil ? "the target is missing; see --help" : "--files-from takes - or a source and a target")
    }
    let operation = try transfer(first, try location(argument))
    guard let list else { return operation }
    guard case .mirror(let sides, _) = operation else {
      throw .usage("--files-from takes -, for a tar, or a folder or prefix on both sides")
    }
    return .mirror(sides, namesFrom: list)
  }

  private static func transfer(_ source: Location, _ target: Location) throws(SyncError) -> Operation {
    switch (source, target) {
    case (.s3(let uri), .stream(let output)):
      return uri.isPrefix ? .tarOfPrefix(uri, output) : .objectToStream(uri, output)
    case (.stream(let input), .s3(let uri)):
      guard !uri.isPrefix else { throw .usage("a stream becomes one object: its key cannot end in a slash") }
      return .streamToObject(input, uri)
    case (.path(let path), .s3(let uri)):
      if isFolder(path) { return .mirror(.upload(folder: withSlash(path), prefix: withSlash(uri)), namesFrom: nil) }
      return .fileToObject(path, uri.isPrefix ? object(uri, Key(lastName(path))) : uri)
    case (.s3(let uri), .path(let path)):
      if uri.isPrefix {
        if !isFolder(path), unsafe access(path, F_OK) == 0 { throw .usage("\(path) is not a folder") }
        return .mirror(.download(prefix: uri, folder: withSlash(path)), namesFrom: nil)
      }
      return try objectToFile(uri, path)
    case (.s3(let from), .s3(let to)):
      if from.isPrefix { return .mirror(.copy(from: from, to: withSlash(to)), namesFrom: nil) }
      return .objectToObject(from, to.isPrefix ? object(to, Key(lastName(from.key.text))) : to)
    case (.path, _), (.stream, _): throw .usage("one of source and target must be in S3")
    }
  }

  private static func objectToFile(_ uri: ObjectURI, _ path: String) throws(SyncError) -> Operation {
    if path.hasSuffix("/") || isFolder(path) {
      let name = Key(lastName(uri.key.text))
      if let problem = pathProblem(name) { throw .unsafeKey("\(uri): \(problem)") }
      return .objectToFile(uri, folder: withSlash(path), name: name)
    }
    let name = Key(lastName(path))
    if let problem = pathProblem(name) { throw .usage("\(path): \(problem)") }
    return .objectToFile(uri, folder: String(decoding: path.utf8.dropLast(name.bytes.count), as: UTF8.self), name: name)
  }

  private static func check(_ operation: Operation, _ selection: SelectionFlags) throws(SyncError) {
    var isMirror = false
    if case .mirror = operation { isMirror = true }
    if selection.delete, !isMirror { throw .usage("--delete is for a folder or a prefix on both sides") }
    if selection.maxDelete != nil, !selection.delete { throw .usage("--max-delete is for --delete") }
    if selection.delete, selection.filesFrom != nil { throw .usage("--delete and --files-from cannot be combined") }
    switch operation {
    case .list: break
    default: if selection.delimiter != nil { throw .usage("--delimiter is for --list with an s3:// URI") }
    }
    switch operation {
    case .list, .listBuckets, .tarOfPrefix, .tarOfList, .objectToStream, .streamToObject:
      if selection.dryRun { throw .usage("--dry-run is for transfers between folders, files and objects") }
    default: break
    }
    if case .mirror(.copy(let from, let to), _) = operation, from.bucket == to.bucket {
      if from.key == to.key, selection.delete { throw .usage("--delete needs two different prefixes") }
      if selection.delete, from.key.hasPrefix(to.key) || to.key.hasPrefix(from.key) {
        throw .usage("--delete between a prefix and one inside it would remove its own source")
      }
    }
  }

  /// An object or a prefix copied to itself is given attributes; without any there is nothing to do.
  private static func checkInPlace(_ operation: Operation, _ flags: AttributeFlags) throws(SyncError) {
    let isInPlace =
      switch operation {
      case .mirror(.copy(let from, let to), _): from == to
      case .objectToObject(let from, let to): from == to
      default: false
      }
    guard isInPlace else { return }
    let given: [String?] = [
      flags.storageClass, flags.sse, flags.sseKmsKeyId, flags.contentType, flags.contentEncoding,
      flags.contentDisposition, flags.cacheControl,
    ]
    guard given.contains(where: { $0 != nil }) || !flags.metadata.isEmpty || !flags.tags.isEmpty else {
      throw .usage("source and target are the same, and no flag changes an attribute")
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

/// What follows the last slash, slashes at the end left out.
func lastName(_ path: String) -> String { Key(path).names.last ?? path }
