// Progress for a person who watches: images, failures and images per second on standard error, where it is a terminal.

import Glibc
import POSIX
import Streams

/// One line that is overwritten, and a summary at the end. Writes nothing where standard error is not a terminal.
final class ProgressLine {
  private let isShown: Bool
  private let start = Clock.monotonic.milliseconds
  private var lastShown: Int64 = 0
  private var images = 0
  private var failures = 0
  private var isOnScreen = false

  /// Milliseconds between two updates.
  private static let interval: Int64 = 250

  init() { isShown = isatty(STDERR_FILENO) == 1 }

  /// Counts one more result.
  func advance(failed: Bool) {
    guard isShown else { return }
    images += 1
    if failed { failures += 1 }
    let now = Clock.monotonic.milliseconds
    guard now - lastShown >= Self.interval else { return }
    lastShown = now
    write("\r\u{1B}[K" + text)
    isOnScreen = true
  }

  /// Takes the line off the screen, so that another can be written.
  func clear() {
    if isOnScreen { write("\r\u{1B}[K") }
    isOnScreen = false
  }

  /// Writes the summary.
  func finish() {
    guard isShown else { return }
    clear()
    write(text + "\n")
  }

  private var text: String {
    let seconds = max(Double(Clock.monotonic.milliseconds - start), 1) / 1000
    let rate = fixed(Double(images) / seconds, decimals: 0)
    return "\(Imgdecode.name): \(images) image\(images == 1 ? "" : "s"), \(failures) failed, \(rate) images/s"
  }

  private func write(_ text: String) { writeToStandardError(Array(text.utf8)) }
}
