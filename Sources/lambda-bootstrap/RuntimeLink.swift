// The connection to the Runtime API: one socket, kept; while it waits it also watches for SIGTERM and for the handler's
// descriptors.
//
// The Runtime API is HTTP/1.1 in the clear on this machine: no TLS, names, proxies or redirects. One write a call and one
// wait for its reply is all there is to do, and for the smallest events that is most of what this runtime costs.
import Glibc
import POSIX

final class RuntimeLink: Transport {
  /// Milliseconds for the socket to take a part of a call that has no patience of its own.
  private static let writePatience = 60_000

  private let host: String
  private let termination: Termination
  private var socket: Descriptor?
  private var scratch = [UInt8](repeating: 0, count: 64 << 10)
  /// Descriptors of the handler to poll while waiting for an event, and the function to call when one is ready.
  var idleDescriptors: () -> [Int32] = { [] }
  var attend: () -> Void = {}

  /// - Parameter host: `AWS_LAMBDA_RUNTIME_API`: host and port.
  init(host: String, termination: Termination) {
    self.host = host
    self.termination = termination
  }

  func send(_ call: RuntimeCall) throws(LinkError) -> RuntimeReply {
    let isKept = socket.rawValue >= 0
    do {
      return try exchange(call)
    } catch {
      disconnect()
      // A kept connection may have been closed before the call was received.
      guard isKept, error == .closed(received: 0) else { throw error }
    }
    do {
      return try exchange(call)
    } catch {
      disconnect()
      throw error
    }
  }

  private func exchange(_ call: RuntimeCall) throws(LinkError) -> RuntimeReply {
    if socket.rawValue < 0 { socket = try connected(to: host) }
    let isWritten = try write(call)
    var reader = ReplyReader()
    while !reader.isWhole {
      try wait(for: POLLIN, call.patience, isIdle: call.patience == nil && reader.received == 0)
      let count: Int
      do throws(Errno) {
        count = try POSIX.read(socket.rawValue, into: &scratch, 0..<scratch.count)
      } catch {
        if error.code == EAGAIN { continue }
        throw .closed(received: reader.received)
      }
      if count > 0 { try reader.take(scratch[..<count]) } else { try reader.end() }
    }
    if !isWritten || !reader.keepsConnection { disconnect() }
    return reader.reply
  }

  /// False when the answer came first: a server may refuse, with 413 say, what it has not read to its end.
  private func write(_ call: RuntimeCall) throws(LinkError) -> Bool {
    var output = PendingOutput([call.head(host: host), call.body])
    while !output.isEmpty {
      do throws(Errno) {
        try output.write(to: socket.rawValue)
        continue
      } catch {
        // After a broken pipe what was answered before it can still be read.
        guard error.code == EAGAIN else { return false }
      }
      try wait(for: POLLOUT | POLLIN, call.patience ?? Self.writePatience, isIdle: false)
      var byte: UInt8 = 0
      if unsafe recv(socket.rawValue, &byte, 1, Int32(MSG_PEEK)) >= 0 { return false }
    }
    return true
  }

  /// Waits until the socket is ready; leaves the process where a signal asks for it.
  private func wait(for events: Int32, _ milliseconds: Int?, isIdle: Bool) throws(LinkError) {
    let deadline = milliseconds.map { Clock.monotonic.milliseconds + Int64($0) }
    while true {
      var waits = [
        pollfd(fd: socket.rawValue, events: Int16(events), revents: 0),
        pollfd(fd: termination.descriptor, events: Int16(POLLIN), revents: 0),
      ]
      if isIdle {
        for descriptor in idleDescriptors() { waits.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)) }
      }
      // Polling fails only where the system lacks memory for it.
      guard let count = try? POSIX.poll(&waits, until: deadline) else { continue }
      if let milliseconds, count == 0 { throw .timeout(milliseconds: milliseconds) }
      if waits[1].revents != 0 { termination.leave() }
      if waits.dropFirst(2).contains(where: { $0.revents != 0 }) { attend() }
      if waits[0].revents != 0 { return }
    }
  }

  private func disconnect() { socket = nil }
}
