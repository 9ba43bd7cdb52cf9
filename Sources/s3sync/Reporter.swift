// What a run says: a line for each item done, a line for each failure, and the status that it all adds up to.

import AWS
import Glibc
import S3
import Streams

/// How much is printed.
enum Verbosity: Sendable {
  case quiet
  case lines
  case json
}

/// Collects what became of each item.
@Loop
final class Reporter {
  private let verbosity: Verbosity
  private let output: OutputStream?
  private let progress: Progress?
  private(set) var status = ExitStatus.ok
  private(set) var failureCount = 0

  /// - Parameter output: nil where standard output carries data.
  init(_ verbosity: Verbosity, output: OutputStream?, progress: Progress?) {
    self.verbosity = verbosity
    self.output = output
    self.progress = progress
  }

  /// An item is done, or in a dry run would be.
  ///
  /// - Parameter skipped: why there was nothing to do for it after all.
  func done(
    _ action: String, _ source: String?, _ target: String?, size: Int64, isDryRun: Bool = false, skipped: String? = nil
  ) {
    progress?.finishItem()
    switch verbosity {
    case .quiet: break
    case .lines:
      let objects = [source, target].compactMap { $0.map(printable) }.joined(separator: " to ")
      let note = skipped.map { " (\($0))" } ?? ""
      write(Array("\(isDryRun ? "(dry run) " : "")\(action): \(objects)\(note)\n".utf8))
    case .json:
      var json = JSONText()
      json.beginObject()
      add(["action": action, "source": source, "target": target], to: &json)
      json.key("size")
      json.integer(Int(size))
      add(["status": isDryRun ? "planned" : skipped == nil ? "done" : "skipped", "reason": skipped], to: &json)
      json.endObject()
      json.endLine()
      write(json.bytes)
    }
  }

  /// An item failed; the others go on.
  func failed(_ action: String, _ object: String, _ error: SyncError) {
    progress?.clear()
    report(tool: "s3sync", object: object, reason: error.reason)
    failureCount += 1
    // A scheduler may try again where that could help all of it: the first failure that is not temporary decides.
    if status == .ok || status == .temporary { status = error.status }
    guard verbosity == .json else { return }
    var json = JSONText()
    json.beginObject()
    add(["action": action, "object": object, "status": "failed", "error": error.reason], to: &json)
    json.endObject()
    json.endLine()
    write(json.bytes)
  }

  /// Hands on what has been printed so far.
  func flush() {
    guard let output else { return }
    do throws(SystemError) {
      try output.flush()
    } catch {
      lose(error)
    }
  }

  private func add(_ pairs: KeyValuePairs<String, String?>, to json: inout JSONText) {
    for (key, value) in pairs {
      guard let value else { continue }
      json.key(key)
      json.string(value)
    }
  }

  private func write(_ bytes: [UInt8]) {
    guard let output else { return }
    progress?.clear()
    do throws(SystemError) {
      try output.write(bytes)
    } catch {
      lose(error)
    }
  }

  /// Nobody reads what is printed: as any writer of a pipe the run ends by SIGPIPE, once uploads have been aborted.
  private func lose(_ error: SystemError) {
    if error.code == EPIPE { return Interruption.come(SIGPIPE) }
    report(tool: "s3sync", reason: error.reason)
    status = .io
  }
}
