// What runs for a command line.

import AWS
import Glibc
import S3
import Streams

/// A command line that makes sense, ready to run.
struct Command: @unchecked Sendable {
  let options: TransferOptions
  let progress: Progress?
  private let form: Form
  private let filter: Filter
  private let tool: Tool
  private let configuration: Configuration
  private let readAhead: Int64
  private let maximumObject: Int64
  private let output = OutputStream(endsWithReader: false)

  /// Throws `SyncError.usage` for what contradicts itself, and what configuration files are wrong with.
  init(_ tool: Tool, _ arguments: [String]) throws(SyncError) {
    self.tool = tool
    form = try Form.read(tool)
    options = try TransferOptions(tool)
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
    if unsafe poll(&watched, 1, 0) > 0, watched.revents & Int16(POLLERR) != 0 { Interruption.come(SIGPIPE) }
  }

  @Loop func run() async throws(SyncError) -> ExitStatus {
    let client: S3.Client
    do throws(ConfigurationError) {
      var clientOptions = S3.Client.Options()
      clientOptions.requesterPays = tool.connection.requesterPays
      let services = ServiceClient(configuration, signs: !tool.connection.noSignRequest, trace: trace)
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

  /// What --verbose prints with.
  private var trace: (@Sendable (Trace) -> Void)? {
    guard tool.transfer.verbose else { return nil }
    let verbose = Verbose(progress: progress)
    return { trace in verbose.print(trace) }
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
