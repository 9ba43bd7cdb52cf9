// The progress line on a terminal.

import Glibc
import POSIX

/// Objects, bytes, rate and remaining time, rewritten in place; nothing where standard error is not a terminal. Used on
/// the loop's thread alone.
final class Progress {
  private let start: Int64
  private var lastDrawn: Int64 = 0
  private var isDrawn = false
  private var items = 0
  private var bytes: Int64 = 0
  /// Totals of the plan; 0 while it is being made.
  var totalItems = 0
  var totalBytes: Int64 = 0

  init?(isQuiet: Bool) {
    guard !isQuiet, isatty(STDERR_FILENO) == 1 else { return nil }
    start = Clock.monotonic.nanoseconds
  }

  func finishItem() { items += 1 }

  /// - Parameter count: below 0 where an attempt is repeated.
  func add(bytes count: Int64) { bytes += count }

  /// Draws at most five times a second.
  func tick() {
    let time = Clock.monotonic.nanoseconds
    guard time - lastDrawn > 200_000_000 else { return }
    lastDrawn = time
    let text = Self.text(
      items: items, totalItems: totalItems, bytes: bytes, totalBytes: totalBytes, seconds: Double(time - start) / 1e9)
    put("\r\u{1B}[K" + text)
    isDrawn = true
  }

  /// Erases the line, so that text can be printed.
  func clear() {
    if isDrawn { put("\r\u{1B}[K") }
    isDrawn = false
  }

  static func text(items: Int, totalItems: Int, bytes: Int64, totalBytes: Int64, seconds: Double) -> String {
    let rate = seconds > 0 ? Double(bytes) / seconds : 0
    var text = "\(items)"
    if totalItems > 0 { text += "/\(totalItems)" }
    text += " objects, \(size(Double(bytes)))"
    if totalBytes > 0 { text += "/\(size(Double(totalBytes)))" }
    text += ", \(size(rate))/s"
    if rate > 0, totalBytes > bytes {
      let rest = Int(Double(totalBytes - bytes) / rate)
      text += ", \(rest / 60):\(rest % 60 < 10 ? "0" : "")\(rest % 60) left"
    }
    return text
  }

  private static func size(_ bytes: Double) -> String {
    var value = bytes
    var unit = 0
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= 1024 && unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    return "\(Double(Int(value * 10)) / 10) \(units[unit])"
  }

  private func put(_ text: String) { writeToStandardError(Array(text.utf8)) }
}
