// Input to a command, output from it, at the same time, until an answer, an end, a deadline or a signal.
import Glibc
import POSIX

/// Why an exchange has no answer.
enum ExchangeError: Error, Equatable {
  /// The deadline passed.
  case deadline
  /// The command wrote more than `limit` bytes.
  case outputTooLong(limit: Int)
  /// The command, or a stage of it, ended or closed its output.
  case ended
}

extension ProcessGroup {
  /// What ends an exchange.
  enum Until {
    /// The first line is whole and all input is taken. What follows the line is returned with it.
    case line
    /// The command has ended: its whole output. Input is closed when it is written.
    case end
  }

  /// Writes `input` part by part while reading output and errors.
  ///
  /// - Parameters:
  ///   - deadline: in milliseconds of the monotonic clock; nil is none.
  ///   - limit: bytes of output.
  ///   - relay: takes what comes on standard error.
  func exchange(
    _ input: [[UInt8]], until: Until, deadline: Int64?, limit: Int, relay: ErrorRelay, termination: Termination
  ) throws(ExchangeError) -> [UInt8] {
    var remaining = PendingOutput(input)
    var answer: [UInt8] = []
    var scratch = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      write(&remaining, closing: until == .end)
      // poll ignores the -1 of a stream that is closed: the places are always the same.
      var waits = [
        pollfd(fd: remaining.isEmpty ? -1 : self.input.rawValue, events: Int16(POLLOUT), revents: 0),
        pollfd(fd: output.rawValue, events: Int16(POLLIN), revents: 0),
        pollfd(fd: errors.rawValue, events: Int16(POLLIN), revents: 0),
        pollfd(fd: termination.descriptor, events: Int16(POLLIN), revents: 0),
      ]
      for end in ends { waits.append(pollfd(fd: end.descriptor, events: Int16(POLLIN), revents: 0)) }
      // Polling fails only where the system lacks memory for it; then nothing is ready.
      if (try? POSIX.poll(&waits, until: deadline)) == 0 { throw .deadline }
      if waits[3].revents != 0 { termination.leave() }
      if waits[2].revents != 0, !relayErrors(&scratch, relay, limit: scratch.count) { closeErrors() }
      var isOpen = true
      if waits[1].revents != 0 { isOpen = try drainOutput(&scratch, into: &answer, limit: limit) }
      if until == .line, remaining.isEmpty, answer.contains(UInt8(ascii: "\n")) { return answer }
      if waits[4...].contains(where: { $0.revents != 0 }) {
        // What was written before the end is still in the pipes.
        _ = relayErrors(&scratch, relay, limit: Self.pipeCapacity)
        _ = try drainOutput(&scratch, into: &answer, limit: limit)
        if until == .end { return answer }
        throw .ended
      }
      if !isOpen {
        closeOutput()
        if until == .line { throw .ended }
      }
      // poll reports the deadline only while nothing is ready, and a command may write without pause.
      if let deadline, Clock.monotonic.milliseconds >= deadline { throw .deadline }
    }
  }

  /// The most bytes that a pipe can hold by default (`fs.pipe-max-size`). A reader that takes more than this also takes
  /// bytes that were written after it began.
  private static let pipeCapacity = 1 << 20

  /// Passes on what is on standard error now, and closes it at its end.
  func drainErrors(_ relay: ErrorRelay) {
    var scratch = [UInt8](repeating: 0, count: 16 << 10)
    if !relayErrors(&scratch, relay, limit: Self.pipeCapacity) { closeErrors() }
  }

  private func write(_ remaining: inout PendingOutput, closing: Bool) {
    while !remaining.isEmpty {
      do throws(Errno) {
        try remaining.write(to: input.rawValue)
      } catch {
        if error.code == EAGAIN { return }
        // A command need not read its input; how it ends says whether that was right.
        remaining = PendingOutput([])
      }
    }
    if closing { closeInput() }
  }

  /// Passes on what is on standard error, about `limit` bytes of it; false at its end. A command may write faster than
  /// this reads, so there need not be a moment without bytes.
  private func relayErrors(_ scratch: inout [UInt8], _ relay: ErrorRelay, limit: Int) -> Bool {
    var taken = 0
    while taken < limit {
      guard let count = readSome(errors.rawValue, &scratch) else { return true }
      if count == 0 { return false }
      relay.take(scratch[..<count])
      taken += count
    }
    return true
  }

  private func drainOutput(
    _ scratch: inout [UInt8], into answer: inout [UInt8], limit: Int
  ) throws(ExchangeError) -> Bool {
    while true {
      guard let count = readSome(output.rawValue, &scratch) else { return true }
      if count == 0 { return false }
      guard answer.count + count <= limit else { throw .outputTooLong(limit: limit) }
      answer.append(contentsOf: scratch[..<count])
    }
  }
}

/// Bytes read into the buffer, 0 at the end, nil when there are none now.
private func readSome(_ descriptor: Int32, _ buffer: inout [UInt8]) -> Int? {
  guard descriptor >= 0 else { return nil }
  do throws(Errno) {
    return try POSIX.read(descriptor, into: &buffer, 0..<buffer.count)
  } catch {
    return error.code == EAGAIN ? nil : 0
  }
}
