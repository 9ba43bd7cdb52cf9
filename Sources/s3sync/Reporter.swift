// The output of a run: a line for each item done, a line for each failure, and the exit status that follows.

import AWS
import Glibc
import HTTP
import S3
import Streams

/// How much is printed.
enum Verbosity: Sendable {
  case quiet
  case lines
  case json
}

/// Collects the result of each item.
@Loop
final class Reporter {
  private let verbosity: Verbosity
  private let output: OutputStream?
  private let progress: Progress?
  private(set) var status = ExitStatus.ok

  /// - Parameter output: nil where standard output carries data.
  init(_ verbosity: Verbosity, output: OutputStream?, progress: Progress?) {
    self.verbosity = verbosity
    self.output = output
    self.progress = progress
  }

  /// An item is done, or in a dry run would be.
  ///
  /// - Parameters:
  ///   - verification: what its bytes were checked against.
  ///   - skipped: why there was nothing to do for it after all.
  func done(
    _ action: String, _ source: String?, _ target: String?, size: Int64, isDryRun: Bool = false,
    verification: Verification? = nil, skipped: String? = nil
  ) {
    progress?.finishItem()
    switch verbosity {
    case .quiet: break
    case .lines:
      let objects = [source, target].compactMap { $0.map(printable) }.joined(separator: " to ")
      let note = skipped.map { " (\($0))" } ?? ""
      write(Array("\(isDryRun ? "(dry run) " : "")\(action): \(objects)\(note)\n".utf8))
    case .json:
      write(
        JSONText.line { json in
          json.member("action", action)
          json.member("source", ifPresent: source)
          json.member("target", ifPresent: target)
          json.member("size", Int(size))
          if let verification {
            json.member("verified", verification.isVerified)
            json.member("verifiedBy", verification.name)
          }
          json.member("status", isDryRun ? "planned" : skipped == nil ? "done" : "skipped")
          json.member("reason", ifPresent: skipped)
        })
    }
  }

  /// A transfer has ended.
  ///
  /// - Parameter size: of the source.
  func done(_ action: String, _ source: String, _ target: String, size: Int64, _ outcome: StoreOutcome) {
    switch outcome {
    case .stored(let size, let verification): done(action, source, target, size: size, verification: verification)
    case .exists: done(action, source, target, size: size, skipped: "it exists")
    case .current: done(action, source, target, size: size, skipped: "it is current")
    }
  }

  /// Uses the file that holds a plan; nil, the failure being reported, where that fails.
  func plan<Value>(_ action: String, _ work: () throws(SystemError) -> Value) -> Value? {
    do throws(SystemError) {
      return try work()
    } catch {
      failed(action, "the plan", .system(error))
      return nil
    }
  }

  /// An item failed; the others go on.
  func failed(_ action: String, _ object: String, _ error: SyncError) {
    progress?.clear()
    report(tool: "s3sync", object: object, reason: error.reason)
    // A scheduler may retry only where that could help every item: the first failure that is not temporary decides.
    if status == .ok || status == .temporary { status = error.status }
    guard verbosity == .json else { return }
    write(
      JSONText.line { json in
        json.member("action", action)
        json.member("object", object)
        json.member("status", "failed")
        json.member("error", error.reason)
      })
  }

  /// Writes what is buffered.
  func flush() {
    if let output { print { () throws(SystemError) in try output.flush() } }
  }

  private func write(_ bytes: [UInt8]) {
    guard let output else { return }
    progress?.clear()
    print { () throws(SystemError) in try output.write(bytes) }
  }

  /// Writes output. Where its reader has closed it, the run ends by SIGPIPE, as any writer's would, once uploads have
  /// been aborted.
  private func print(_ work: () throws(SystemError) -> Void) {
    do throws(SystemError) {
      try work()
    } catch {
      if error.code == EPIPE { return Interruption.request(SIGPIPE) }
      report(tool: "s3sync", reason: error.reason)
      status = .io
    }
  }
}
