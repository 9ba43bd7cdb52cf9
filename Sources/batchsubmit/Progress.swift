// Progress of the jobs on a terminal.

import Glibc
import POSIX

/// One line on standard error that is overwritten; nothing where standard error is not a terminal.
final class Progress {
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private var shown = ""

  /// Shows how many children have each status.
  func show(_ counts: [(status: JobStatus, count: Int)]) {
    guard isTerminal else { return }
    let line = counts.map { "\($0.status.rawValue.lowercased()) \($0.count)" }.joined(separator: "  ")
    // To the line's start, the text, and what was there before cleared away.
    if line != shown { write("\r\(line)\u{1B}[K") }
    shown = line
  }

  /// Leaves the line as it is and goes on to the next.
  func end() {
    if !shown.isEmpty { write("\n") }
    shown = ""
  }

  private func write(_ text: String) { writeToStandardError(Array(text.utf8)) }
}
