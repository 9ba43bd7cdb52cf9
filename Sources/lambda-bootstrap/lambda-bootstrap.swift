// The Lambda custom runtime that makes a function of a command: flags, environment, init, then event after event.
import ArgumentParser
import CLinux
import FoundationEssentials
import Glibc
import Streams

@main
struct LambdaBootstrap: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lambda-bootstrap",
    abstract: "Runs a command as an AWS Lambda function.",
    usage: """
      lambda-bootstrap [--] COMMAND [ARG…]
             lambda-bootstrap --http [flags] -- COMMAND [ARG…]
      """,
    discussion: """
      lambda-bootstrap -- ./handler.sh                a process per event
      lambda-bootstrap --http -- predict-pipeline     a warm pipeline behind HTTP

      Without --http: one process per event; the event on standard input, the response on standard output. Event \
      metadata is in LAMBDA_REQUEST_ID, LAMBDA_DEADLINE_MS, LAMBDA_FUNCTION_ARN, _X_AMZN_TRACE_ID, \
      LAMBDA_CLIENT_CONTEXT, LAMBDA_COGNITO_IDENTITY and LAMBDA_TENANT_ID.
      With --http: the command is a pipeline that is started once; an image goes in as a tar member, a line comes out.
      Without COMMAND: $LAMBDA_TASK_ROOT/$_HANDLER.

      Exit status: 0 after SIGTERM, 64 usage error, 69 the Runtime API is lost or the command cannot be kept running, \
      78 the command cannot be started or the environment is not Lambda's.
      """,
    version: toolVersion)

  @Flag(help: "Keep the command warm and answer HTTP events and direct invocations.")
  var http = false

  @Option(
    help: ArgumentHelp(
      "A route that accepts images; may be repeated (default: 'POST /predict').", valueName: "method path"))
  var route: [Route] = []

  @Option(help: ArgumentHelp("An HTML file to serve at GET /.", valueName: "file"))
  var page: String?

  @Option(help: ArgumentHelp("Maximum image size.", valueName: "bytes"))
  var limit = 6 << 20

  @Option(help: ArgumentHelp("Let pages of this origin, or of any (*), read the responses.", valueName: "origin"))
  var cors: String?

  @Option(
    help: ArgumentHelp("The time that the pipeline's start and its warm-up image may take.", valueName: "seconds"))
  var startLimit = 60

  @Option(
    help: ArgumentHelp(
      "Log lines as text, or as JSON with one line per event (default: as LOG_FORMAT or AWS_LAMBDA_LOG_FORMAT says).",
      valueName: "format"))
  var logFormat: LogFormat?

  @Argument(parsing: .captureForPassthrough, help: "The program, looked up in PATH, and its arguments.")
  var command: [String] = []

  mutating func validate() throws {
    try answerBuiltInFlags()
    if command.first == "--" {
      command.removeFirst()
    } else if let first = command.first, first.hasPrefix("-") {
      throw ValidationError("Unknown option '\(first)'")
    }
    guard http || (route.isEmpty && page == nil && cors == nil) else {
      throw ValidationError("--route, --page and --cors belong to --http")
    }
    guard limit > 0, (1...900).contains(startLimit) else {
      throw ValidationError("--limit must be positive, --start-limit from 1 to 900")
    }
    if let cors, cors.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7F }) {
      throw ValidationError("--cors takes one origin, or *")
    }
  }

  /// The first word that is not one of our flags begins the command, with its own flags; so those that the parser answers
  /// by itself elsewhere arrive here.
  private func answerBuiltInFlags() throws {
    let words = (command.first ?? "").split(separator: "=", maxSplits: 1).map(String.init) + command.dropFirst()
    switch words.first {
    case "--help", "-h": throw CleanExit.helpRequest(self)
    case "--version": throw CleanExit.message(toolVersion)
    case "--experimental-dump-help": throw CleanExit.message(Self._dumpHelp())
    case "--generate-completion-script":
      guard words.count == 2, let shell = CompletionShell(rawValue: words[1]) else {
        throw ValidationError("--generate-completion-script takes one of bash, zsh and fish")
      }
      throw CleanExit.message(Self.completionScript(for: shell))
    default: break
    }
  }

  func run() {
    runTool("lambda-bootstrap") { try serve() }
  }

  private func serve() throws -> ExitStatus {
    let environment = ProcessInfo.processInfo.environment
    guard let address = environment["AWS_LAMBDA_RUNTIME_API"], !address.isEmpty else {
      report(tool: "lambda-bootstrap", reason: "AWS_LAMBDA_RUNTIME_API is not set: not running in a Lambda sandbox")
      return .configuration
    }
    _ = clinux_adopt_orphans()
    let termination = try Termination()
    let link = RuntimeLink(host: address, termination: termination)
    let api = RuntimeAPI(link: link)
    let command = command.isEmpty ? [Self.handlerPath(environment)] : command
    let log = EventLog(format: LogFormat(logFormat, environment: environment))
    do {
      guard findProgram(command[0], path: environment["PATH"] ?? "/usr/bin:/bin") != nil else {
        throw InvocationError(SpawnError(code: ENOENT, command: command[0]))
      }
      if http {
        return try serveHTTP(command, environment, api, link, log, termination)
      }
      let handler = PerEventHandler(command: command, environment: environment, log: log, termination: termination)
      return Self.run(api, handler, log, termination)
    } catch let error as InvocationError {
      log.message("\(command[0]): \(error.type): \(error.message)")
      _ = api.failInit(error)
      return .configuration
    }
  }

  private func serveHTTP(
    _ command: [String], _ environment: [String: String], _ api: RuntimeAPI<RuntimeLink>, _ link: RuntimeLink,
    _ log: EventLog, _ termination: Termination
  ) throws -> ExitStatus {
    var settings = ServiceSettings(imageLimit: limit, allowedOrigin: cors)
    if !route.isEmpty { settings.routes = route }
    if let page {
      do { settings.page = Page(html: try readText(page)) } catch {
        throw InvocationError(type: "Runtime.Configuration", message: error.reason)
      }
    }
    let pipeline = WarmPipeline(
      command: command, environment: environment.map { "\($0)=\($1)" }, startLimit: startLimit * 1000,
      relay: ErrorRelay(sink: log.relay), termination: termination)
    let handler = HTTPHandler(service: Service(settings: settings), pipeline: pipeline, log: log)
    try handler.prepare()
    link.idleDescriptors = { pipeline.idleDescriptors }
    link.attend = { pipeline.attend() }
    return Self.run(api, handler, log, termination)
  }

  private static func run(
    _ api: RuntimeAPI<RuntimeLink>, _ handler: some Handler, _ log: EventLog, _ termination: Termination
  ) -> ExitStatus {
    let loop = EventLoop(
      api: api, handler: handler, log: { log.message($0) },
      pause: { termination.pause(milliseconds: $0) })
    switch loop.run() {
    case .noEvents(let failures):
      log.message("the Runtime API gave no event \(failures) times in a row")
    case .notReady(let error):
      log.message("\(error.type): \(error.message)")
    }
    return .unavailable
  }

  /// As the bash custom runtimes have it.
  private static func handlerPath(_ environment: [String: String]) -> String {
    (environment["LAMBDA_TASK_ROOT"] ?? "/var/task") + "/" + (environment["_HANDLER"] ?? "")
  }
}

extension LogFormat: ExpressibleByArgument {}

extension Route: ExpressibleByArgument {
  init?(argument: String) { self.init(argument) }
}

private func readText(_ path: String) throws(SystemError) -> String {
  let file = try MappedFile(path: path)
  return unsafe String(decoding: file.bytes, as: UTF8.self)
}
