// A command in a process group of its own, its three standard streams as pipes to us, killed and reaped as a whole.
import CLinux
import Glibc

/// A command that could not be started.
struct SpawnError: Error, Equatable {
  let code: Int32
  let command: String
}

/// How a process ended.
enum ExitReason: Equatable, Sendable {
  case exited(Int32)
  case signalled(Int32)

  /// From `waitpid`'s status; the macros that take it apart are not visible to Swift.
  init(waitStatus: Int32) {
    let signal = waitStatus & 0x7F
    self = signal == 0 ? .exited((waitStatus >> 8) & 0xFF) : .signalled(signal)
  }
}

/// Owns a child process, its group and our ends of its pipes. Ends all of them when it goes.
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
    func failed(_ code: Int32) -> SpawnError { SpawnError(code: code, command: command.first ?? "") }
    var pipes: [(read: Int32, write: Int32)] = []
    for _ in 0..<3 {
      var descriptors: [Int32] = [-1, -1]
      guard unsafe pipe(&descriptors) == 0 else {
        let code = errno
        for pipe in pipes { closeAll([pipe.read, pipe.write]) }
        throw failed(code)
      }
      pipes.append((descriptors[0], descriptors[1]))
    }
    let theirs = [pipes[0].read, pipes[1].write, pipes[2].write]
    let ours = [pipes[0].write, pipes[1].read, pipes[2].read]
    defer { closeAll(theirs) }
    for descriptor in ours {
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }
    do {
      pid = try spawn(command, environment: environment, standard: theirs)
    } catch {
      closeAll(ours)
      throw failed(error.code)
    }
    (input, output, errors) = (ours[0], ours[1], ours[2])
    ends = []
    let end = openProcessEnd(pid)
    guard end >= 0 else {
      let code = errno
      kill()
      throw failed(code)
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
  /// tell that the second has died; the second's own descriptor does.
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
    killpg(pid, SIGKILL)
    var status: Int32 = 0
    while unsafe waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    // The command's children are ours now (see `clinux_adopt_orphans`), until none of the group is left.
    while waitpid(-pid, nil, 0) > 0 || errno == EINTR {}
    closeInput()
    closeOutput()
    closeErrors()
    closeAll(ends)
    let ended = ExitReason(waitStatus: status)
    reason = ended
    return ended
  }

  /// Waits for zombies that left their group before they came to us; call it when no command is running.
  static func reapStrays() {
    while waitpid(-1, nil, WNOHANG) > 0 {}
  }
}

private func closeAll(_ descriptors: [Int32]) {
  for descriptor in descriptors { close(descriptor) }
}

/// posix_spawn with the descriptors as 0, 1 and 2 and no others, in a new group, with signals as they are by default.
private func spawn(
  _ command: [String], environment: [String], standard: [Int32]
) throws(SpawnError) -> pid_t {
  var actions = unsafe posix_spawn_file_actions_t()
  var attributes = posix_spawnattr_t()
  unsafe posix_spawn_file_actions_init(&actions)
  unsafe posix_spawnattr_init(&attributes)
  defer {
    unsafe posix_spawn_file_actions_destroy(&actions)
    unsafe posix_spawnattr_destroy(&attributes)
  }
  for (target, descriptor) in standard.enumerated() {
    unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(target))
  }
  unsafe posix_spawn_file_actions_addclosefrom_np(&actions, 3)
  var none = sigset_t()
  var all = sigset_t()
  unsafe sigemptyset(&none)
  unsafe sigfillset(&all)
  unsafe posix_spawnattr_setsigmask(&attributes, &none)
  unsafe posix_spawnattr_setsigdefault(&attributes, &all)
  unsafe posix_spawnattr_setpgroup(&attributes, 0)
  unsafe posix_spawnattr_setflags(
    &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

  let arguments = unsafe command.map { unsafe strdup($0) } + [nil]
  let variables = unsafe environment.map { unsafe strdup($0) } + [nil]
  let texts = unsafe arguments + variables
  defer {
    for index in unsafe texts.indices { unsafe free(texts[index]) }
  }
  var pid: pid_t = 0
  let code = unsafe posix_spawnp(&pid, arguments[0]!, &actions, &attributes, arguments, variables)
  guard code == 0 else { throw SpawnError(code: code, command: command[0]) }
  return pid
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
