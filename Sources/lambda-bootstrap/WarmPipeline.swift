// The pipeline that stays warm: started once, tested with a warm-up image, replaced after any protocol violation.
import Glibc
import POSIX

/// Why an image has no answer. The pipeline has then been killed; `prepare` starts another.
enum PipelineFailure: Error, Equatable {
  /// A stage ended; how the command ended, and the last lines of standard error.
  case died(ExitReason, lastLines: String)
  case deadline(lastLines: String)
  /// The pipeline did not answer the warm-up image in the time that the start may take.
  case notReady(seconds: Int, lastLines: String)
  case malformed(PipelineAnswer.Malformed)
  case answerTooLong(limit: Int)
  case notStarted(SpawnError)
  /// The pipeline reported an error for the warm-up image.
  case warmUpRefused(code: String, message: String)
}

/// A command that reads a tar and writes one line for each member, in a process group of its own.
///
/// Each item's name is a number used once, and the line that comes back must bear it: no event can be given another's
/// answer. After any failure the whole group is killed and reaped.
final class WarmPipeline {
  /// A prediction has some hundred bytes, an error record at most 64 KiB.
  private static let answerLimit = 256 << 10

  private let command: [String]
  private let environment: [String]
  private let startLimit: Int
  private let termination: Termination
  let relay: ErrorRelay
  private var group: ProcessGroup?
  private var counter = 0

  /// - Parameter startLimit: milliseconds for the start and the warm-up image.
  init(
    command: [String], environment: [String], startLimit: Int, relay: ErrorRelay, termination: Termination
  ) {
    self.command = command
    self.environment = environment
    self.startLimit = startLimit
    self.relay = relay
    self.termination = termination
    termination.beforeLeaving = { [unowned self] in group?.kill() }
  }

  /// Starts a pipeline and sends it the warm-up image, unless one is running.
  func prepare() throws(PipelineFailure) {
    guard group == nil else { return }
    ProcessGroup.reapStrays()
    relay.begin("start")
    let started = try mapError(PipelineFailure.notStarted) { () throws(SpawnError) in
      try ProcessGroup(command, environment: environment)
    }
    group = started
    do throws(PipelineFailure) {
      let deadline = Clock.monotonic.milliseconds + Int64(startLimit)
      if case .refused(let code, let message) = try send(warmUpImage, to: started, deadline: deadline) {
        end()
        throw .warmUpRefused(code: code, message: message)
      }
    } catch {
      guard case .deadline(let lastLines) = error else { throw error }
      throw .notReady(seconds: startLimit / 1000, lastLines: lastLines)
    }
    started.watchStages()
  }

  /// Sends one image through. Nothing but `answer`'s own event can come back.
  func answer(_ image: [UInt8], deadline: Int64?) throws(PipelineFailure) -> PipelineAnswer {
    try prepare()
    guard let group else { preconditionFailure("prepare leaves a pipeline or throws") }
    return try send(image, to: group, deadline: deadline)
  }

  /// The descriptors to poll between events, for a stage that ends, unsolicited output and lines on standard error.
  var idleDescriptors: [Int32] {
    guard let group else { return [] }
    return group.ends.map(\.descriptor) + [group.output.rawValue, group.errors.rawValue]
  }

  /// Passes on what is on standard error and replaces a pipeline that has ended or written unsolicited output.
  func attend() {
    guard let group else { return }
    group.drainErrors(relay)
    var waits = (group.ends.map(\.descriptor) + [group.output.rawValue]).map {
      pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
    }
    guard unsafe poll(&waits, nfds_t(waits.count), 0) > 0 else { return }
    end()
    // If it cannot be replaced now, the next event finds that out and says so.
    try? prepare()
  }

  private func send(
    _ image: [UInt8], to group: ProcessGroup, deadline: Int64?
  ) throws(PipelineFailure) -> PipelineAnswer {
    counter += 1
    let name = String(counter)
    let output: [UInt8]
    do {
      output = try group.exchange(
        tarMember(name: name, body: image), until: .line, deadline: deadline, limit: Self.answerLimit, relay: relay,
        termination: termination)
    } catch {
      if error == .ended { group.awaitCommand(milliseconds: 200) }
      group.drainErrors(relay)
      let reason = end()
      switch error {
      case .deadline: throw .deadline(lastLines: relay.lastLines)
      case .outputTooLong(let limit): throw .answerTooLong(limit: limit)
      case .ended: throw .died(reason, lastLines: relay.lastLines)
      }
    }
    do {
      return try PipelineAnswer(output, name: name)
    } catch {
      end()
      throw .malformed(error)
    }
  }

  @discardableResult
  private func end() -> ExitReason {
    let reason = group?.kill() ?? .exited(0)
    group = nil
    relay.flush()
    return reason
  }
}
