// Many transfers on one thread: a queue in front of a bounded number of connections, completions, cancellation.

import CCurl
import DequeModule
import Glibc
import POSIX

/// An HTTP client. All work, including completions, runs on the thread that calls `poll`; a completion may call `submit`.
///
/// At most `maxConnections` transfers run at once, the others wait in order. Connections are kept alive and reused.
final class Client {
  /// A descriptor of the caller's that wakes `poll`, with `poll(2)` events.
  typealias Watched = (descriptor: Int32, events: Int16)
  typealias Completion = (Result<Response, HTTPError>) -> Void
  /// Identifies a request for `cancel`.
  typealias RequestID = Int

  private struct Entry {
    let id: RequestID
    let request: Request
    let completion: Completion
  }

  private let multi: Multi
  private let maxConnections: Int
  /// All handles, running and idle; they are removed from curl at the end.
  private var transfers: [Transfer] = []
  /// Handles without a request, for reuse.
  private var idle: [Transfer] = []
  /// Requests that are not on a connection yet.
  private var waiting: Deque<Entry> = []
  private var running: [RequestID: Transfer] = [:]
  private var lastID = 0
  /// Seconds spent waiting in `poll`; idle times are measured on this clock.
  private var waited = 0.0
  /// On that clock: the last progress of any transfer, and the next check for idle ones.
  private var lastProgress = 0.0
  private var nextIdleCheck = 0.0

  /// Seconds between two looks for silent transfers.
  private static let idleCheckInterval = 0.25

  /// Requests that could not start; their completions run in the next `poll`.
  private var refused: [(completion: Completion, error: HTTPError)] = []

  init(maxConnections: Int) throws(HTTPError) {
    precondition(maxConnections > 0)
    self.maxConnections = maxConnections
    multi = try Multi(maxConnections: maxConnections)
  }

  deinit { for transfer in transfers { multi.remove(transfer) } }

  /// Requests submitted whose completion has not run.
  var inFlight: Int { running.count + waiting.count + refused.count }

  /// Starts a request, now or when a connection is free. The completion runs exactly once, inside a later `poll` or `cancel`.
  @discardableResult
  func submit(_ request: Request, completion: @escaping Completion) -> RequestID {
    lastID += 1
    waiting.append(Entry(id: lastID, request: request, completion: completion))
    startWaiting()
    return lastID
  }

  /// Ends a request: its completion runs with the error before this returns. No effect on a request that has ended or could
  /// not start.
  func cancel(_ id: RequestID, with error: HTTPError = .cancelled) {
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

  /// Waits until a transfer can progress, a descriptor in `alsoWatching` is ready, the timeout has passed (negative: no
  /// limit) or a signal arrives; then advances transfers and runs the completions of those that ended.
  ///
  /// - Returns: the `revents` of `alsoWatching`, in order.
  /// - Throws: `.other` where poll(2) fails.
  @discardableResult
  func poll(timeoutMilliseconds: Int, alsoWatching: [Watched] = []) throws(HTTPError) -> [Int16] {
    var timeout = timeoutMilliseconds
    // A request that was just submitted is sent before the wait, not one zero-length wait later.
    multi.stepTimers()
    if runCompletions() > 0 { timeout = 0 }
    var watched = [pollfd(fd: multi.descriptor, events: Int16(POLLIN), revents: 0)]
    for watch in alsoWatching { watched.append(pollfd(fd: watch.descriptor, events: watch.events, revents: 0)) }
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
    endIdleTransfers()
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
      if code == CURLE_OK { lastProgress = waited }
      transfer.end(code)
      count += 1
    }
    return count
  }

  /// Ends the transfers whose servers have been silent for longer than their requests allow.
  private func endIdleTransfers() {
    guard waited >= nextIdleCheck else { return }
    nextIdleCheck = waited + Self.idleCheckInterval
    for transfer in running.values where transfer.recordProgress(now: waited) { lastProgress = waited }
    for (id, transfer) in running {
      if let silence = transfer.excessiveIdleTime(now: waited, others: waited - lastProgress) {
        cancel(id, with: .timeout(seconds: silence))
      }
    }
  }

  private func startWaiting() {
    while running.count < maxConnections, let next = waiting.popFirst() {
      do throws(HTTPError) {
        let transfer = try idleTransfer()
        // Listed as idle first, so that a `begin` that throws does not lose the handle.
        idle.append(transfer)
        // Time without transfers is not silence.
        if running.isEmpty { lastProgress = waited }
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
    let callerTimeout = milliseconds < 0 ? -1 : CInt(clamping: milliseconds)
    let curlTimeout = pollTimeout(until: multi.deadline)
    return callerTimeout < 0 ? curlTimeout : curlTimeout < 0 ? callerTimeout : min(callerTimeout, curlTimeout)
  }
}
