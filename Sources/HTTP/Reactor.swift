// What the loop's tasks wait for: transfers and sleeps, by the number of the operation that a cancellation names.

import Glibc
import HeapModule
import POSIX

/// The waiting half of the loop: libcurl's client and a heap of deadlines.
@Loop
final class Reactor {
  private enum Waiter {
    /// - Parameter grace: seconds, `Request.Options.cancellationGrace`.
    case transfer(Client.RequestID, grace: Double)
    case sleep(CheckedContinuation<Void, Never>)
  }

  private struct Deadline: Comparable {
    /// Nanoseconds of the monotonic clock.
    let due: Int64
    let operation: LoopExecutor.Operation

    static func < (left: Deadline, right: Deadline) -> Bool {
      (left.due, left.operation) < (right.due, right.operation)
    }
  }

  private let executor: LoopExecutor
  /// The client, or why libcurl cannot start: every transfer then fails with that.
  private let started: Result<Client, HTTPError>
  private var waiters: [LoopExecutor.Operation: Waiter] = [:]
  /// The deadlines of sleeps and of cancelled transfers, those of operations that have ended among them.
  private var deadlines = Heap<Deadline>()
  private var lastOperation = 0

  /// Nanoseconds of the longest wait: the caller of `Loop.run` looks for signals between turns.
  private static let longestWait: Int64 = 250_000_000

  init(_ executor: LoopExecutor, connections: Int) {
    self.executor = executor
    started = Result { () throws(HTTPError) in try Client(maxConnections: connections) }
  }

  private var client: Client? { try? started.get() }

  func newOperation() -> LoopExecutor.Operation {
    lastOperation += 1
    return lastOperation
  }

  func send(
    _ request: Request, _ operation: LoopExecutor.Operation,
    _ continuation: CheckedContinuation<Result<Response, HTTPError>, Never>
  ) {
    let client: Client
    switch started {
    case .success(let working): client = working
    case .failure(let error): return continuation.resume(returning: .failure(error))
    }
    let id = client.submit(request) { [unowned self] result in
      waiters[operation] = nil
      continuation.resume(returning: result)
    }
    waiters[operation] = .transfer(id, grace: request.options.cancellationGrace)
  }

  func sleep(seconds: Double, _ operation: LoopExecutor.Operation, _ continuation: CheckedContinuation<Void, Never>) {
    setDeadline(operation, seconds: seconds)
    waiters[operation] = .sleep(continuation)
  }

  private func setDeadline(_ operation: LoopExecutor.Operation, seconds: Double) {
    let nanoseconds = min(max(seconds, 0), 1e9) * 1e9
    deadlines.insert(Deadline(due: Clock.monotonic.nanoseconds + Int64(nanoseconds), operation: operation))
  }

  /// Waits for the network, a deadline or another thread, and lets what is ready go on.
  func turn() {
    let cancelled = executor.takeCancelled()
    for operation in cancelled { cancel(operation) }
    // Their tasks are ready to go on: nothing is waited for.
    if cancelled.isEmpty { wait() }
    endDue()
  }

  /// Ends what a cancelled task waits for: at once, or after its grace where the server may be carrying it out.
  private func cancel(_ operation: LoopExecutor.Operation) {
    if case .transfer(let id, let grace) = waiters[operation], grace > 0, client?.isSent(id) == true {
      setDeadline(operation, seconds: grace)
    } else {
      end(operation)
    }
  }

  /// Ends every transfer and sleep.
  func cancelAll() {
    for operation in waiters.keys.sorted() { end(operation) }
  }

  /// - Parameter isOverdue: the grace of a cancelled transfer has passed without a response.
  private func end(_ operation: LoopExecutor.Operation, isOverdue: Bool = false) {
    switch waiters.removeValue(forKey: operation) {
    case .transfer(let id, let grace): client?.cancel(id, with: isOverdue ? .timeout(seconds: grace) : .cancelled)
    case .sleep(let continuation): continuation.resume()
    case nil: break
    }
  }

  private func wait() {
    let untilDue = deadlines.min.map { $0.due - Clock.monotonic.nanoseconds } ?? Self.longestWait
    // Rounded up: a wait that ends before the deadline would be followed by one of no time.
    let milliseconds = (min(max(untilDue, 0), Self.longestWait) + 999_999) / 1_000_000
    var isWoken = false
    if let client {
      do throws(HTTPError) {
        let ready = try client.poll(
          timeoutMilliseconds: Int(milliseconds), alsoWatching: [(executor.wakeup.descriptor, Int16(POLLIN))])
        isWoken = ready.contains { $0 != 0 }
      } catch {
        // A poll that fails would fail again at once: the loop must not spin.
        usleep(10_000)
      }
    } else {
      var watched = pollfd(fd: executor.wakeup.descriptor, events: Int16(POLLIN), revents: 0)
      isWoken = unsafe poll(&watched, 1, CInt(milliseconds)) > 0
    }
    if isWoken { executor.wakeup.clear() }
  }

  private func endDue() {
    guard !deadlines.isEmpty else { return }
    let now = Clock.monotonic.nanoseconds
    while let next = deadlines.min, next.due <= now {
      deadlines.removeMin()
      end(next.operation, isOverdue: true)
    }
  }
}
