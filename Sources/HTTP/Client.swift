// Many transfers on one thread: a queue in front of a bounded number of connections, completions, cancellation.

import CCurl
import DequeModule
import Glibc
import POSIX

/// An HTTP client. Everything happens on the thread that calls `poll`, completions too; a completion may submit.
///
/// At most `maxConnections` transfers run at once, the others wait in order. Connections are kept and used again.
package final class Client {
  /// A descriptor of the caller's that ends the wait of `poll`, with `poll(2)` events.
  package typealias Watched = (descriptor: Int32, events: Int16)
  package typealias Completion = (Result<Response, HTTPError>) -> Void
  /// Names a request to `cancel`.
  package typealias RequestID = Int

  private struct Entry {
    let id: RequestID
    let request: Request
    let completion: Completion
  }

  private let multi: Multi
  private let maxConnections: Int
  /// Every handle there is; the idle ones among them.
  private var transfers: [Transfer] = []
  private var idle: [Transfer] = []
  /// Requests that are not on a connection yet.
  private var waiting: Deque<Entry> = []
  private var running: [RequestID: Transfer] = [:]
  private var lastID = 0
  /// Seconds that `poll` has waited in all: the clock of silence.
  private var waited = 0.0
  /// On that clock: when any transfer last moved, and when the transfers are looked at next.
  private var lastMoved = 0.0
  private var nextLook = 0.0

  /// Seconds between two looks for silent transfers.
  private static let lookInterval = 0.25

  /// Requests that could not start; their completions run in the next `poll`.
  private var refused: [(completion: Completion, error: HTTPError)] = []

  package init(maxConnections: Int) throws(HTTPError) {
    precondition(maxConnections > 0)
    self.maxConnections = maxConnections
    multi = try Multi(maxConnections: maxConnections)
  }

  deinit { for transfer in transfers { multi.remove(transfer) } }

  /// Requests submitted whose completion has not run.
  package var inFlight: Int { running.count + waiting.count + refused.count }

  /// Starts a request, now or when a connection is free; the completion runs inside a later `poll`, exactly once.
  @discardableResult
  package func submit(_ request: Request, completion: @escaping Completion) -> RequestID {
    lastID += 1
    waiting.append(Entry(id: lastID, request: request, completion: completion))
    startWaiting()
    return lastID
  }

  /// Ends a request; its completion runs with the error, now. Nothing where the request has ended before.
  package func cancel(_ id: RequestID, with error: HTTPError = .cancelled) {
    if let transfer = running.removeValue(forKey: id) {
      multi.remove(transfer)
      idle.append(transfer)
      transfer.cancel(with: error)
    } else if let index = waiting.firstIndex(where: { $0.id == id }) {
      waiting.remove(at: index).completion(.failure(error))
    }
  }

  /// Whether a request has been sent whole and its response is awaited.
  func isSent(_ id: RequestID) -> Bool { running[id]?.isSent ?? false }

  /// Waits until a transfer can go on, a descriptor in `alsoWatching` is ready, the timeout has passed (under 0: no limit)
  /// or a signal came; lets transfers go on; runs the completions of those that ended.
  /// Returns the `revents` of `alsoWatching`, in order.
  @discardableResult
  package func poll(timeoutMilliseconds: Int, alsoWatching: [Watched] = []) throws(HTTPError) -> [Int16] {
    var timeout = timeoutMilliseconds
    // A request just submitted is sent before the wait, not after a wait of no time.
    multi.stepTimers()
    if runCompletions() > 0 { timeout = 0 }
    var watched = [pollfd(fd: multi.descriptor, events: Int16(POLLIN), revents: 0)]
    for one in alsoWatching { watched.append(pollfd(fd: one.descriptor, events: one.events, revents: 0)) }
    let began = Clock.monotonic.seconds
    let ready = unsafe Glibc.poll(&watched, nfds_t(watched.count), waitLimit(timeout))
    let pollError = errno
    waited += Clock.monotonic.seconds - began
    if ready < 0 {
      guard pollError == EINTR else { throw .other(code: Int(pollError), message: "poll") }
      for i in watched.indices { watched[i].revents = 0 }
    }
    multi.step()
    _ = runCompletions()
    endSilent()
    startWaiting()
    let refusedNow = refused
    refused.removeAll()
    for (completion, error) in refusedNow { completion(.failure(error)) }
    return watched.dropFirst().map(\.revents)
  }

  /// Runs the completions of the transfers that have ended; returns how many there were.
  private func runCompletions() -> Int {
    var count = 0
    while let (transfer, code) = multi.nextEnded() {
      running[transfer.id] = nil
      idle.append(transfer)
      if code == CURLE_OK { lastMoved = waited }
      transfer.end(code)
      count += 1
    }
    return count
  }

  /// Ends the transfers whose servers have been silent for longer than their requests allow.
  private func endSilent() {
    guard waited >= nextLook else { return }
    nextLook = waited + Self.lookInterval
    for transfer in running.values where transfer.move(now: waited) { lastMoved = waited }
    for (id, transfer) in running {
      if let silence = transfer.excessiveSilence(now: waited, others: waited - lastMoved) {
        cancel(id, with: .timeout(seconds: silence))
      }
    }
  }

  private func startWaiting() {
    while running.count < maxConnections, let next = waiting.popFirst() {
      do throws(HTTPError) {
        let transfer = try idleTransfer()
        // From here on the handle is free again unless the request is on it.
        idle.append(transfer)
        // A client without transfers was not waiting for anybody.
        if running.isEmpty { lastMoved = waited }
        try transfer.begin(next.id, next.request, now: waited, completion: next.completion)
        idle.removeLast()
        running[next.id] = transfer
        multi.add(transfer)
      } catch {
        refused.append((next.completion, error))
      }
    }
  }

  private func idleTransfer() throws(HTTPError) -> Transfer {
    if let transfer = idle.popLast() { return transfer }
    let transfer = try Transfer()
    transfers.append(transfer)
    return transfer
  }

  /// The shorter of the caller's limit and curl's, for `poll(2)`.
  private func waitLimit(_ milliseconds: Int) -> CInt {
    if !refused.isEmpty { return 0 }
    let own = milliseconds < 0 ? -1 : CInt(clamping: milliseconds)
    let curls = pollTimeout(until: multi.deadline)
    return own < 0 ? curls : curls < 0 ? own : min(own, curls)
  }
}
