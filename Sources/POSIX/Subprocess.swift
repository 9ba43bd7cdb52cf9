// Starting a program and waiting for its end.

package import CLinux
import Glibc

/// How a process ended.
package enum ExitReason: Equatable, Sendable {
  /// With this status, 0 ... 255.
  case exited(CInt)
  /// By this signal.
  case signalled(CInt)

  /// From `waitpid`'s status; the macros that take it apart are not visible to Swift.
  package init(waitStatus: CInt) {
    let signal = waitStatus & 0x7F
    self = signal == 0 ? .exited((waitStatus >> 8) & 0xFF) : .signalled(signal)
  }
}

/// Starts a program without a copy of this process's memory. It inherits the three standard descriptors and no others,
/// and no blocked signals.
///
/// - Parameters:
///   - command: the program, looked up in PATH unless it holds a slash, and its arguments; not empty.
///   - environment: `NAME=VALUE` entries; nil for this process's own.
///   - standard: what becomes its descriptors 0, 1 and 2; nil where it inherits this process's.
///   - startsGroup: makes it the leader of a new process group.
///   - defaultSignals: signals whose handling is reset to the default; nil for all of them.
/// - Returns: its process id; the caller waits for it.
package func spawn(
  _ command: [String], environment: [String]? = nil, standard: [CInt?] = [nil, nil, nil], startsGroup: Bool = false,
  defaultSignals: [CInt]? = nil
) throws(Errno) -> pid_t {
  precondition(!command.isEmpty && standard.count == 3)
  var actions = unsafe posix_spawn_file_actions_t()
  var attributes = posix_spawnattr_t()
  unsafe posix_spawn_file_actions_init(&actions)
  unsafe posix_spawnattr_init(&attributes)
  defer {
    unsafe posix_spawn_file_actions_destroy(&actions)
    unsafe posix_spawnattr_destroy(&attributes)
  }
  for (target, descriptor) in standard.enumerated() {
    guard let descriptor else { continue }
    unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, CInt(target))
  }
  unsafe posix_spawn_file_actions_addclosefrom_np(&actions, 3)
  var blocked = sigset_t()
  unsafe sigemptyset(&blocked)
  unsafe posix_spawnattr_setsigmask(&attributes, &blocked)
  var reset = sigset_t()
  if let defaultSignals {
    unsafe sigemptyset(&reset)
    for signal in defaultSignals { unsafe sigaddset(&reset, signal) }
  } else {
    unsafe sigfillset(&reset)
  }
  unsafe posix_spawnattr_setsigdefault(&attributes, &reset)
  var flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
  if startsGroup {
    unsafe posix_spawnattr_setpgroup(&attributes, 0)
    flags |= POSIX_SPAWN_SETPGROUP
  }
  unsafe posix_spawnattr_setflags(&attributes, Int16(flags))

  let arguments = unsafe command.map { unsafe strdup($0) } + [nil]
  let variables = unsafe environment.map { unsafe $0.map { unsafe strdup($0) } + [nil] }
  let texts = unsafe arguments + (variables ?? [])
  defer {
    for index in unsafe texts.indices { unsafe free(texts[index]) }
  }
  var pid: pid_t = 0
  let code =
    if let variables = unsafe variables {
      unsafe posix_spawnp(&pid, arguments[0]!, &actions, &attributes, arguments, variables)
    } else {
      unsafe posix_spawnp(&pid, arguments[0]!, &actions, &attributes, arguments, environ)
    }
  guard code == 0 else { throw Errno(code) }
  return pid
}

/// Waits until the child has ended, and removes it from the process table.
///
/// - Throws: `ECHILD` where `pid` is not a child of this process.
package func waitForExit(_ pid: pid_t) throws(Errno) -> ExitReason {
  var status: CInt = 0
  try retryingInterrupts { unsafe waitpid(pid, &status, 0) }
  return ExitReason(waitStatus: status)
}
