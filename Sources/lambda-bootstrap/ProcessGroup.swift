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
  /// Our end of the command's standard input; -1 once closed. All ends are non-blocking.
  private(set) var input: Int32
  private(set) var output: Int32
  private(set) var errors: Int32
  /// Readable when the process behind it has ended: the command itself first, then the stages found by `watchStages`.
  private(set) var ends: [Int32]
  private var reason: ExitReason?

  /// - Parameters:
  ///   - command: the program, looked up in PATH unless it has a slash, and its arguments.
  ///   - environment: `NAME=VALUE` entries.
  init(_ command: [String], environment: [String]) throws(SpawnError) {
    do throws(Errno) {
      let standardInput = try Pipe()
      let standardOutput = try Pipe()
      let standardError = try Pipe()
      pid = try spawn(
        command, environment: environment,
        standard: [standardInput.read.rawValue, standardOutput.write.rawValue, standardError.write.rawValue],
        startsGroup: true)
      input = standardInput.closeRead().release()
      output = standardOutput.closeWrite().release()
      errors = standardError.closeWrite().release()
    } catch {
      throw SpawnError(code: error.code, command: command.first ?? "")
    }
    for descriptor in [input, output, errors] { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
    ends = []
    let end = openProcessEnd(pid)
    guard end >= 0 else {
      let code = errno
      kill()
      throw SpawnError(code: code, command: command.first ?? "")
    }
    ends = [end]
  }

  deinit { kill() }

  func closeInput() {
    if input >= 0 { close(input) }
    input = -1
  }

  func closeOutput() {
    if output >= 0 { close(output) }
    output = -1
  }

  func closeErrors() {
    if errors >= 0 { close(errors) }
    errors = -1
  }

  /// Watches every process that is in the group now. A shell that waits for the first stage of its pipeline does not
  /// report that the second has died; the second's own descriptor does.
  func watchStages() {
    for member in groupMembers(of: pid) where member != pid {
      let end = openProcessEnd(member)
      if end >= 0 { ends.append(end) }
    }
  }

  /// Waits until the command itself has ended, at most this many milliseconds: a script whose stage died gets the time
  /// to leave with that stage's status.
  func awaitCommand(milliseconds: Int32) {
    guard let command = ends.first else { return }
    var wait = pollfd(fd: command, events: Int16(POLLIN), revents: 0)
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
    for end in ends { close(end) }
    reason = ended
    return ended
  }

  /// Waits for zombies that left their group before they came to us; call it when no command is running.
  static func reapStrays() {
    while waitpid(-1, nil, WNOHANG) > 0 {}
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
