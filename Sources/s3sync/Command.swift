// Which of the forms the command line has, and what runs for it.

import AWS
import Glibc
import S3
import Streams

/// A command line that makes sense, ready to run.
struct Command: @unchecked Sendable {
  private enum Form {
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

  let options: TransferOptions
  let progress: Progress?
  private let form: Form
  private let filter: Filter
  private let tool: Tool
  private let configuration: Configuration
  private let readAhead: Int64
  private let maximumObject: Int64
  private let output = OutputStream()

  /// Throws `SyncError.usage` for what contradicts itself, and what configuration files are wrong with.
  init(_ tool: Tool, _ arguments: [String]) throws(SyncError) {
    self.tool = tool
    form = try Self.form(tool)
    options = try Self.options(tool)
    filter = s3sync.filter(arguments: arguments)
    progress = Progress(isQuiet: tool.transfer.quiet)
    guard let readAhead = byteCount(tool.transfer.readAhead), let maximumObject = byteCount(tool.transfer.maxObject)
    else {
      throw .usage("--read-ahead and --max-object take sizes: 64M")
    }
    guard maximumObject <= 2 << 30 else { throw .usage("--max-object is at most 2G") }
    self.readAhead = readAhead
    self.maximumObject = maximumObject
    let flags = tool.connection
    do throws(ConfigurationError) {
      configuration = try Configuration(
        flags: ConfigurationFlags(profile: flags.profile, region: flags.region, endpointURL: flags.endpointURL),
        surroundings: .process)
    } catch {
      throw .service(.configuration(error))
    }
  }

  /// Between two turns of the loop: the progress line, and whether standard output's reader is still there.
  func everyTurn() {
    progress?.tick()
    var watched = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
    if unsafe poll(&watched, 1, 0) > 0, watched.revents & Int16(POLLERR) != 0 { endByBrokenPipe() }
  }

  @Loop func run() async throws(SyncError) -> ExitStatus {
    let client: S3.Client
    do throws(ConfigurationError) {
      var clientOptions = S3.Client.Options()
      clientOptions.requesterPays = tool.connection.requesterPays
      let services = ServiceClient(configuration, signs: !tool.connection.noSignRequest)
      client = try S3.Client(services, options: clientOptions)
    } catch {
      throw .service(.configuration(error))
    }
    let single = SingleObject(client: client, options: options, progress: progress)
    switch form {
    case .list(let root):
      try await printListing(client, root, filter: filter)
      return .ok
    case .tarOfPrefix(let root): return try await tar(client, PrefixSource(client, root, filter: filter))
    case .tarOfList(let path):
      return try await tar(client, ListSource(client, try LineReader(path: path), filter: filter))
    case .objectToOutput(let object):
      try await single.toOutput(object)
      return .ok
    case .inputToObject(let object):
      let upload = StreamUpload(client: client, options: options, progress: progress)
      return try await one("upload", "-", object.description) { () async throws(SyncError) in
        try await upload.run(to: object)
      }
    case .fileToObject(let path, let object):
      let upload = Upload(client: client, options: options, progress: progress)
      return try await one("upload", path, object.description) { () async throws(SyncError) in
        try await upload.run(path, to: object)
      }
    case .objectToFile(let object, let path):
      return try await one("download", object.description, path) { () async throws(SyncError) in
        .stored(size: try await single.toFile(object, path))
      }
    case .objectToObject(let source, let target):
      return try await one("copy", source.description, target.description) { () async throws(SyncError) in
        try await single.copy(source, to: target)
      }
    case .mirror(let sides):
      let reporter = reporter()
      let mirror = Mirror(
        client: client, sides: sides, options: options, comparison: comparison, filter: filter,
        deletes: tool.selection.delete, isDryRun: tool.selection.dryRun, reporter: reporter, progress: progress)
      try await mirror.run()
      reporter.flush()
      return reporter.status
    }
  }

  private var comparison: Comparison {
    tool.selection.sizeOnly ? .sizeOnly : tool.selection.checksum ? .checksum : .sizeAndTime
  }

  @Loop private func reporter() -> Reporter {
    let verbosity: Verbosity = tool.transfer.quiet ? .quiet : tool.transfer.json ? .json : .lines
    return Reporter(verbosity, output: output, progress: progress)
  }

  @Loop private func tar(_ client: S3.Client, _ source: any ObjectSource) async throws(SyncError) -> ExitStatus {
    let stream = TarStream(
      ObjectFetcher(client: client, maximumSize: maximumObject), source, isStrict: tool.transfer.strict,
      jobs: options.jobs, readAhead: readAhead, progress: progress)
    return try await stream.run()
  }

  /// The one transfer of a run, and its line.
  @Loop private func one(
    _ action: String, _ source: String, _ target: String, _ work: () async throws(SyncError) -> StoreOutcome
  ) async throws(SyncError) -> ExitStatus {
    let reporter = reporter()
    if tool.selection.dryRun {
      reporter.done(action, source, target, size: 0, isDryRun: true)
    } else {
      switch try await work() {
      case .stored(let size): reporter.done(action, source, target, size: size)
      case .exists: reporter.done(action, source, target, size: 0, skipped: "it exists")
      }
    }
    reporter.flush()
    return reporter.status
  }
}

// MARK: Reading the command line

extension Command {
  private static func form(_ tool: Tool) throws(SyncError) -> Form {
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

  private static func options(_ tool: Tool) throws(SyncError) -> TransferOptions {
    var options = TransferOptions()
    guard (1...512).contains(tool.transfer.jobs) else { throw .usage("--jobs is 1 to 512") }
    options.jobs = tool.transfer.jobs
    if let text = tool.transfer.partSize {
      guard let size = byteCount(text), (MultipartPlan.minimumPartSize...MultipartPlan.maximumPartSize).contains(size)
      else { throw .usage("--part-size is 5M to 5G") }
      options.partSize = size
    }
    if tool.selection.sizeOnly && tool.selection.checksum {
      throw .usage("--size-only and --checksum exclude each other")
    }
    options.followsSymlinks = tool.selection.followSymlinks
    options.isDurable = tool.transfer.fsync
    let flags = tool.attributes
    options.onlyIfAbsent = flags.ifNoneMatch
    options.attributes.contentType = flags.contentType
    options.attributes.cacheControl = flags.cacheControl
    options.attributes.storageClass = flags.storageClass
    options.attributes.encryption = flags.sse ?? (flags.sseKmsKeyId == nil ? nil : "aws:kms")
    options.attributes.kmsKeyID = flags.sseKmsKeyId
    for pair in flags.metadata {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, isHeaderName(parts[0]), parts[1].utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
        throw .usage("--metadata takes name=value in ASCII, not \"\(pair)\"")
      }
      options.attributes.metadata.append((String(parts[0]), String(parts[1])))
    }
    return options
  }
}

private func isHeaderName(_ text: Substring) -> Bool {
  !text.isEmpty
    && text.utf8.allSatisfy {
      switch $0 {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
        true
      default: false
      }
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
