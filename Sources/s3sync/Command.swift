// Runs what a command line asks for.

import AWS
import Glibc
import HTTP
import POSIX
import S3
import Streams

/// A command line whose flags are valid, ready to run.
///
/// Unchecked: it is made on the thread that then runs the loop, and used on that thread alone.
struct Command: @unchecked Sendable {
  let options: TransferOptions
  let progress: Progress?
  private let operation: Operation
  private let filter: Filter
  private let rules: ComparisonRules
  private let deletionLimit: DeletionLimit?
  private let tool: Tool
  private let configuration: Configuration
  private let readAhead: Int64
  private let maximumObject: Int64
  private let output = OutputStream(endsWithReader: false)

  /// Throws `SyncError.usage` for contradictory flags, and for malformed configuration files.
  init(_ tool: Tool) throws(SyncError) {
    self.tool = tool
    operation = try Operation.read(tool)
    options = try TransferOptions(tool)
    rules = try ComparisonRules(tool)
    let selection = tool.selection
    filter = try FilterFlag.filter(
      selection.exclude + selection.include + selection.excludeFrom + selection.includeFrom)
    if let text = selection.maxDelete {
      guard let limit = DeletionLimit(text) else { throw .usage("--max-delete is a number, 100, or a share, 10%") }
      deletionLimit = limit
    } else {
      deletionLimit = nil
    }
    progress = Progress(isQuiet: tool.transfer.quiet)
    guard let readAhead = byteCount(tool.transfer.readAhead), let maximumObject = byteCount(tool.transfer.maxObject)
    else { throw .usage("--read-ahead and --max-object are sizes: 64M") }
    guard maximumObject <= 2 << 30 else { throw .usage("--max-object is at most 2G") }
    self.readAhead = readAhead
    self.maximumObject = maximumObject
    let flags = tool.connection
    configuration = try mapError {
      SyncError.service(.configuration($0))
    } of: { () throws(ConfigurationError) in
      try Configuration(
        flags: ConfigurationFlags(profile: flags.profile, region: flags.region, endpointURL: flags.endpointURL),
        environment: .process)
    }
  }

  /// Between two turns of the loop: draws progress, and ends the run where standard output's reader has gone.
  func everyTurn() {
    progress?.tick()
    var watched = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
    if unsafe poll(&watched, 1, 0) > 0, watched.revents & Int16(POLLERR) != 0 { Interruption.request(SIGPIPE) }
  }

  @Loop func run() async throws(SyncError) -> ExitStatus {
    let client = try client()
    let context = TransferContext(client, options, progress: progress)
    let reporter = reporter()
    let single = SingleTransfer(
      context: context, rules: rules, filter: filter, isDryRun: tool.selection.dryRun, reporter: reporter)
    switch operation {
    case .list(let root):
      let listing = Listing(client: client, filter: filter)
      if let delimiter = tool.selection.delimiter {
        try await listing.level(root, delimiter: delimiter)
      } else {
        try await listing.objects(root)
      }
    case .listBuckets: try await Listing(client: client, filter: filter).buckets()
    case .tarOfPrefix(let root, let end): return try await tar(context, PrefixSource(client, root, filter: filter), end)
    case .tarOfList(let path, let end):
      return try await tar(context, ListSource(client, try LineReader(path: path), filter: filter), end)
    case .objectToStream(let object, let end):
      try await mapError {
        SyncError.item(object.description, $0)
      } of: { () async throws(SyncError) in
        let description = try await single.describe(object)
        let output = ObjectOutput(context: context, window: readAhead)
        try await output.run(object, description, to: try await end.openForWriting())
      }
    case .streamToObject(let end, let object):
      try await reporting(reporter, "upload", object.description) { () async throws(SyncError) in
        try await upload(context, end, object, reporter)
      }
    case .fileToObject(let path, let object):
      try await reporting(reporter, "upload", path) { () async throws(SyncError) in
        try await single.upload(path, to: object)
      }
    case .objectToFile(let object, let folder, let name):
      try await reporting(reporter, "download", object.description) { () async throws(SyncError) in
        try await single.download(object, folder: folder, name: name)
      }
    case .objectToObject(let source, let target):
      try await reporting(reporter, "copy", source.description) { () async throws(SyncError) in
        try await single.copy(source, to: target)
      }
    case .mirror(let sides, let list): try await mirror(context, sides, namesFrom: list, reporter)
    }
    reporter.flush()
    return reporter.status
  }

  /// Runs the one transfer of a run; its failure is reported as that of a mirror's item.
  @Loop private func reporting(
    _ reporter: Reporter, _ action: String, _ object: String, _ work: () async throws(SyncError) -> Void
  ) async throws(SyncError) {
    do throws(SyncError) {
      try await work()
    } catch {
      if Task.isCancelled { throw error }
      reporter.failed(action, object, error)
    }
  }

  @Loop private func client() throws(SyncError) -> S3.Client {
    var clientOptions = S3.Client.Options()
    clientOptions.requesterPays = tool.connection.requesterPays
    let services = ServiceClient(configuration, signs: !tool.connection.noSignRequest, trace: trace)
    return try mapError {
      SyncError.service(.configuration($0))
    } of: { () throws(ConfigurationError) in
      try S3.Client(services, options: clientOptions)
    }
  }

  /// What --verbose prints with.
  @Loop private var trace: (@Loop (Trace) -> Void)? {
    guard tool.transfer.verbose else { return nil }
    let verbose = Verbose(progress: progress)
    return { trace in verbose.print(trace) }
  }

  @Loop private func reporter() -> Reporter {
    let verbosity: Verbosity = tool.transfer.quiet ? .quiet : tool.transfer.json ? .json : .lines
    return Reporter(verbosity, output: output, progress: progress)
  }

  @Loop private func tar(
    _ context: TransferContext, _ source: any ObjectSource, _ end: StreamEnd
  ) async throws(SyncError) -> ExitStatus {
    let stream = TarStream(
      context, ObjectFetcher(context: context, maximumSize: maximumObject), source, to: try await end.openForWriting(),
      isStrict: tool.transfer.strict, readAhead: readAhead)
    return try await stream.run()
  }

  @Loop private func upload(
    _ context: TransferContext, _ end: StreamEnd, _ object: ObjectURI, _ reporter: Reporter
  ) async throws(SyncError) {
    let name = end.name(standard: "standard input")
    let upload = StreamUpload(context: context, descriptor: try end.openForReading(), name: name)
    let source = end.name(standard: "-")
    let outcome = try await upload.run(to: object)
    reporter.done("upload", source, object.description, size: 0, outcome)
    if case .stored(_, let verification) = outcome { context.trace(object.description, verification) }
  }

  @Loop private func mirror(
    _ context: TransferContext, _ sides: MirrorSides, namesFrom list: String?, _ reporter: Reporter
  ) async throws(SyncError) {
    var names: [Key]?
    if let list {
      var prefix: ObjectURI?
      switch sides {
      case .download(let source, _), .copy(let source, _): prefix = source
      case .upload: break
      }
      names = try await readNames(try LineReader(path: list), below: prefix)
    }
    let request = MirrorRequest(
      sides: sides, rules: rules, filter: filter, deletes: tool.selection.delete, deletionLimit: deletionLimit,
      isDryRun: tool.selection.dryRun, names: names)
    try await Mirror(context, request, reporter).run()
  }
}

extension ComparisonRules {
  /// Throws `SyncError.usage` for flags that cannot be combined.
  fileprivate init(_ tool: Tool) throws(SyncError) {
    let flags = tool.selection
    if flags.sizeOnly && flags.checksum { throw .usage("--size-only and --checksum cannot be combined") }
    comparison = flags.sizeOnly ? .sizeOnly : flags.checksum ? .checksum : .sizeAndTime
    skipsNewerTargets = flags.update
    skipsExistingTargets = flags.noOverwrite || tool.attributes.ifNoneMatch
    usesFileTimes = !tool.attributes.noMtime
  }
}
