// Diagnostics: one line on standard error for each failure, and the end of a tool.

import Glibc
import POSIX

/// Writes `tool: object: reason` as one line to standard error, control bytes escaped.
package func report(tool: String, object: String? = nil, reason: String) {
  var line = tool + ": "
  if let object { line += printable(object) + ": " }
  line += printable(reason) + "\n"
  writeToStandardError(Array(line.utf8))
}

/// The text with every control character written as `\xNN`, so that a name from a file or the network cannot move a
/// terminal's cursor or fake a second line.
package func printable(_ text: String) -> String {
  if text.unicodeScalars.allSatisfy({ !isControl($0) }) { return text }
  var result = ""
  for scalar in text.unicodeScalars {
    if isControl(scalar) {
      let hexadecimal = String(scalar.value, radix: 16)
      result += "\\x" + (hexadecimal.count < 2 ? "0" : "") + hexadecimal
    } else {
      result.unicodeScalars.append(scalar)
    }
  }
  return result
}

/// C0 and C1 controls, DEL, line and paragraph separators, and the marks that reverse the direction of text.
private func isControl(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069: true
  default: false
  }
}

/// Runs a tool's work and leaves the process with its status; what it throws becomes one line on standard error.
///
/// Standard descriptors that the caller closed are reserved first, so that no file the tool opens takes their place.
package func runTool(_ name: String, _ work: () throws -> ExitStatus) -> Never {
  reserveStandardDescriptors()
  do {
    exit(try work().rawValue)
  } catch let error as any ReportableError {
    report(tool: name, reason: error.reason)
    exit(error.status.rawValue)
  } catch {
    report(tool: name, reason: "\(error)")
    exit(ExitStatus.io.rawValue)
  }
}

/// Ends the process as a write to a pipe without a reader would: quietly, by SIGPIPE.
///
/// A parent may have had the signal ignored or blocked, and both are inherited.
package func endByBrokenPipe() -> Never {
  signal(SIGPIPE, SIG_DFL)
  var set = sigset_t()
  unsafe sigemptyset(&set)
  unsafe sigaddset(&set, SIGPIPE)
  unsafe sigprocmask(SIG_UNBLOCK, &set, nil)
  raise(SIGPIPE)
  // 128 + SIGPIPE: what a shell reports for a process ended by the signal.
  exit(141)
}

/// Opens `/dev/null` in the place of each standard descriptor that is closed, the wrong way round, so that using it is
/// still an error.
private func reserveStandardDescriptors() {
  for (descriptor, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY)]
  where fcntl(descriptor, F_GETFD) < 0 {
    // The lowest free number is this one: those below are open by now.
    _ = unsafe open("/dev/null", mode)
  }
}
