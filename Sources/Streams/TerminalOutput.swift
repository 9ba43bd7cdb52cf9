// Refuses to write binary data to a terminal.

import Glibc

/// Standard output is a terminal, and what would be written is not text.
package struct TerminalOutput: ReportableError, Equatable {
  package var status: ExitStatus { .usage }
  package var reason: String { "standard output is a terminal; write this binary data to a file or a pipe" }
}

/// - Throws: `TerminalOutput` where standard output is a terminal.
package func refuseTerminal() throws(TerminalOutput) {
  if isatty(STDOUT_FILENO) == 1 { throw TerminalOutput() }
}
