// One process per event: the event on standard input, the response on standard output.
import Glibc
import POSIX
import Streams

/// Starts the command once for every event.
final class PerEventHandler: Handler {
  private let command: [String]
  private let environment: [String: String]
  private let relay: ErrorRelay
  private let log: EventLog
  private var isColdStart = true
  private let termination: Termination
  private var running: ProcessGroup?

  init(
    command: [String], environment: [String: String], log: EventLog, termination: Termination
  ) {
    self.command = command
    self.environment = environment
    self.log = log
    relay = ErrorRelay(sink: log.relay)
    self.termination = termination
    termination.beforeLeaving = { [unowned self] in running?.kill() }
  }

  func answer(_ event: Invocation) throws(InvocationError) -> [UInt8] {
    defer { isColdStart = false }
    return try log.recording(event, isColdStart: isColdStart) { _ throws(InvocationError) in
      try run(event)
    }
  }

  private func run(_ event: Invocation) throws(InvocationError) -> [UInt8] {
    let deadline = event.workDeadline(wall: Clock.wall.milliseconds, monotonic: Clock.monotonic.milliseconds)
    relay.begin(event.requestID)
    var variables = environment
    for (name, value) in event.environment { variables[name] = value }
    let group = try mapError(InvocationError.init) { () throws(SpawnError) in
      try ProcessGroup(command, environment: variables.map { "\($0)=\($1)" })
    }
    running = group
    defer { running = nil }

    let limit = RuntimeAPI<RuntimeLink>.responseLimit
    let result = Result { () throws(ExchangeError) in
      try group.exchange(
        [event.body], until: .end, deadline: deadline, limit: limit, relay: relay, termination: termination)
    }
    let reason = group.kill()
    relay.flush()
    switch result {
    case .success(let output):
      guard reason == .exited(0) else {
        throw InvocationError(reason, command: command[0], lastLines: relay.lastLines)
      }
      return output
    case .failure(.deadline): throw .timeout(lastLines: relay.lastLines)
    case .failure(.outputTooLong): throw .responseTooLarge(limit: limit)
    case .failure(.ended): throw InvocationError(reason, command: command[0], lastLines: relay.lastLines)
    }
  }

  func prepare() { ProcessGroup.reapStrays() }
}

/// The path of the program that would be run, as `execvp` looks for it; nil when there is none.
func findProgram(_ name: String, path: String) -> String? {
  if name.contains("/") { return isProgram(name) ? name : nil }
  for folder in path.split(separator: ":", omittingEmptySubsequences: false) {
    let candidate = (folder.isEmpty ? "." : String(folder)) + "/" + name
    if isProgram(candidate) { return candidate }
  }
  return nil
}

private func isProgram(_ path: String) -> Bool {
  var status = stat()
  return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
}
