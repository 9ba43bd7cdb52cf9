// A command in a process group of its own, its three standard streams as pipes to us, killed and reaped as a whole.
import Glibc
import POSIX

/// A command that could not be started.
struct SpawnError: Error, Equatable {
  let code: Int32
  let command: String
}

/// Owns a child process, its group and our ends of its pipes. Kills and closes all of them when it is released.
final class ProcessGroup {
  let pid: pid_t
  /// Our ends of the command's standard streams, non-blocking; nil once closed.
  private(set) var input: Descriptor?
  private(set) var output: Descriptor?
  private(set) var errors: Descriptor?
  /// The ends of the command itself, first, and of the stages found by `watchStages`.
  private(set) var ends: [ProcessEnd] = []
  private var reason: ExitReason?

  /// - Parameters:
  ///   - command: the program, looked up in PATH unless it has a slash, and its arguments.
  ///   - environment: `NAME=VALUE` entries.
  init(_ command: [String], environment: [String]) throws(SpawnError) {
    let started = try mapError {
      SpawnError(code: $0.code, command: command.first ?? "")
    } of: { () throws(Errno) in
      try StartedCommand(command, environment: environment)
    }
    pid = started.pid
    input = .some(started.input)
    output = .some(started.output)
    errors = .some(started.errors)
    for descriptor in [input.rawValue, output.rawValue, errors.rawValue] { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
    guard let end = ProcessEnd(of: pid) else {
      let code = errno
      kill()
      throw SpawnError(code: code, command: command.first ?? "")
    }
    ends = [end]
  }

  deinit { kill() }

  func closeInput() { input = nil }
  func closeOutput() { output = nil }
  func closeErrors() { errors = nil }

  /// Watches every process that is in the group now. A shell that waits for the first stage of its pipeline does not
  /// report that the second has died; the second's own descriptor does.
  func watchStages() {
    for member in groupMembers(of: pid) where member != pid {
      if let end = ProcessEnd(of: member) { ends.append(end) }
    }
  }

  /// Waits until the command itself has ended, at most this many milliseconds: a script whose stage died gets the time
  /// to leave with that stage's status.
  func awaitCommand(milliseconds: Int32) {
    guard let command = ends.first else { return }
    var wait = pollfd(fd: command.descriptor, events: Int16(POLLIN), revents: 0)
    _ = unsafe poll(&wait, 1, milliseconds)
  }

  /// Kills the whole group, waits for each of its processes and closes the pipes. Returns how the command ended.
  @discardableResult
  func kill() -> ExitReason {
    if let reason { return reason }
    // Under emulation spawning returns before the child has entered its group.
    if killpg(pid, SIGKILL) != 0 { _ = Glibc.kill(pid, SIGKILL) }
    let ended = (try? waitForExit(pid)) ?? .exited(0)
    // The command's children are ours now (see `clinux_adopt_orphans`), until none of the group is left.
    while (try? retryingInterrupts { waitpid(-pid, nil, 0) }) != nil {}
    closeInput()
    closeOutput()
    closeErrors()
    ends = []
    reason = ended
    return ended
  }

  /// Waits for zombies that left their group before they came to us; call it when no command is running.
  static func reapStrays() {
    while waitpid(-1, nil, WNOHANG) > 0 {}
  }
}

/// A command that has just been started, and our ends of its standard streams.
private struct StartedCommand: ~Copyable {
  let pid: pid_t
  let input: Descriptor
  let output: Descriptor
  let errors: Descriptor

  init(_ command: [String], environment: [String]) throws(Errno) {
    let standardInput = try Pipe()
    let standardOutput = try Pipe()
    let standardError = try Pipe()
    pid = try spawn(
      command, environment: environment,
      standard: [standardInput.read.rawValue, standardOutput.write.rawValue, standardError.write.rawValue],
      startsGroup: true)
    input = standardInput.closeRead()
    output = standardOutput.closeWrite()
    errors = standardError.closeWrite()
  }
}

/// The processes whose group is `group`, from /proc.
private func groupMembers(of group: pid_t) -> [pid_t] {
  guard let folder = unsafe opendir("/proc") else { return [] }
  defer { unsafe closedir(folder) }
  var members: [pid_t] = []
  while let entry = unsafe readdir(folder) {
    let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
      unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
    }
    if let pid = pid_t(name), getpgid(pid) == group { members.append(pid) }
  }
  return members
}
