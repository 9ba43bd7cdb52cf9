// Many transfers on one thread: a queue in front of a bounded number of connections, delayed submissions, completions.
import Glibc

/// An HTTP client. Everything happens on the thread that calls `poll`, completions too; a completion may submit.
///
/// At most `maxConnections` transfers run at once, the others wait in order. Connections are kept and used again.
public final class Client {
  /// A descriptor of the caller's that ends the wait of `poll`, with `poll(2)` events.
  public typealias Watched = (descriptor: Int32, events: Int16)
  public typealias Completion = (Result<Response, HTTPError>) -> Void

  private let multi: Multi
  private let maxConnections: Int
  /// Every handle there is; the idle ones among them.
  private var transfers: [Transfer] = []
  private var idle: [Transfer] = []
  private var waiting = WaitingRequests()
  private var running = 0
  /// Requests that could not start; their completions run in the next `poll`.
  private var refused: [(completion: Completion, error: HTTPError)] = []

  public init(maxConnections: Int) throws(HTTPError) {
    precondition(maxConnections > 0)
    self.maxConnections = maxConnections
    multi = try Multi(maxConnections: maxConnections)
  }

  deinit { for transfer in transfers { multi.remove(transfer) } }

  /// Requests submitted whose completion has not run.
  public var inFlight: Int { running + waiting.count + refused.count }

  /// Starts a request, now or when a connection is free; the completion runs inside a later `poll`, exactly once.
  public func submit(_ request: Request, completion: @escaping Completion) {
    waiting.append((request, completion))
    startWaiting()
  }

  /// As `submit`, not before this many milliseconds have passed: a retry with its back-off.
  public func submit(after milliseconds: Int, _ request: Request, completion: @escaping Completion) {
    waiting.append((request, completion), due: monotonicMilliseconds() + Int64(milliseconds))
  }

  /// Waits until a transfer can go on, a descriptor in `alsoWatching` is ready, the timeout has passed (under 0: no limit)
  /// or a signal came; lets transfers go on; runs the completions of those that ended.
  /// Returns the `revents` of `alsoWatching`, in order.
  @discardableResult
  public func poll(timeoutMilliseconds: Int, alsoWatching: [Watched] = []) throws(HTTPError) -> [Int16] {
    var timeout = timeoutMilliseconds
    // A request just submitted is sent before the wait, not after a wait of no time.
    multi.stepTimers()
    if runCompletions() > 0 { timeout = 0 }
    var watched = [pollfd(fd: multi.descriptor, events: Int16(POLLIN), revents: 0)]
    for one in alsoWatching { watched.append(pollfd(fd: one.descriptor, events: one.events, revents: 0)) }
    if unsafe Glibc.poll(&watched, nfds_t(watched.count), waitLimit(timeout)) < 0 {
      guard errno == EINTR else { throw .other(code: Int(errno), message: "poll") }
      for i in watched.indices { watched[i].revents = 0 }
    }
    multi.step()
    _ = runCompletions()
    waiting.releaseDue(now: monotonicMilliseconds())
    startWaiting()
    let refusedNow = refused
    refused.removeAll()
    for (completion, error) in refusedNow { completion(.failure(error)) }
    return watched.dropFirst().map(\.revents)
  }

  /// One request from start to end; others in flight go on meanwhile.
  public func perform(_ request: Request) throws(HTTPError) -> Response {
    var result: Result<Response, HTTPError>?
    submit(request) { result = $0 }
    while true {
      if let result { return try result.get() }
      try poll(timeoutMilliseconds: -1)
    }
  }

  /// Ends everything in flight; every completion runs with `cancelled`.
  public func cancelAll() {
    let completions = waiting.removeAll().map(\.completion) + refused.map(\.completion)
    refused.removeAll()
    let idleNow = idle
    let active = transfers.filter { transfer in !idleNow.contains { $0 === transfer } }
    for transfer in active {
      multi.remove(transfer)
      running -= 1
      idle.append(transfer)
      transfer.cancel()
    }
    for completion in completions { completion(.failure(.cancelled)) }
  }

  /// Runs the completions of the transfers that have ended; returns how many there were.
  private func runCompletions() -> Int {
    var count = 0
    while let (transfer, code) = multi.nextEnded() {
      running -= 1
      idle.append(transfer)
      transfer.end(code)
      count += 1
    }
    return count
  }

  private func startWaiting() {
    while running < maxConnections, let next = waiting.popFirst() {
      do throws(HTTPError) {
        let transfer = try idleTransfer()
        // From here on the handle is free again unless the request is on it.
        idle.append(transfer)
        try transfer.begin(next.request, completion: next.completion)
        idle.removeLast()
        running += 1
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

  /// The shortest of the caller's limit, curl's and the next delayed request's, for `poll(2)`.
  private func waitLimit(_ milliseconds: Int) -> Int32 {
    if !refused.isEmpty { return 0 }
    var limit = milliseconds < 0 ? Int64(Int32.max) : Int64(milliseconds)
    let now = monotonicMilliseconds()
    for deadline in [multi.deadline, waiting.nextDue] {
      if let deadline { limit = min(limit, max(deadline - now, 0)) }
    }
    return limit >= Int64(Int32.max) ? -1 : Int32(limit)
  }
}
