// One thread runs everything that transfers: Swift's tasks and libcurl's transfers in turns. README.md has the picture.

import Synchronization

/// The actor of everything that transfers. Its tasks run on the thread that is in `run`, between two turns of the
/// network, so that straight-line code drives thousands of transfers without a lock.
///
/// Cancellation is Swift's: cancelling a task ends the transfers and sleeps that it awaits.
@globalActor
package actor Loop {
  package static let shared = Loop()

  nonisolated let executor = LoopExecutor()

  package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  /// Held by the thread that is in `run`.
  private static let running = Mutex<Void>(())

  /// What the running loop waits for; nil outside `run`.
  @Loop private static var reactor: Reactor?

  /// Runs the work on the calling thread until it has returned.
  ///
  /// The loop has one thread at a time: a call from within the loop is a programming error, a call from another thread
  /// waits until the loop is free.
  ///
  /// - Parameters:
  ///   - connections: transfers at once, at most; the others wait in order.
  ///   - everyTurn: called after each turn of the network, at most a quarter of a second apart; true cancels the work.
  package static func run<Value: Sendable>(
    connections: Int = 32, everyTurn: () -> Bool = { false }, _ work: @escaping @Loop () async -> Value
  ) -> Value {
    let executor = shared.executor
    precondition(!executor.isCurrentThread, "Loop.run is called from within the loop")
    return running.withLock { _ in
      executor.begin()
      defer { executor.end() }
      let outcome = Outcome<Value>()
      let task = task { outcome.set(await work()) }
      assumeIsolated { reactor = Reactor(executor, connections: connections) }
      while true {
        executor.runJobs()
        if let value = outcome.value {
          // Tasks that no other task awaits end here too, so that none is left suspended.
          assumeIsolated { reactor?.cancelAll() }
          executor.runJobs()
          assumeIsolated { reactor = nil }
          return value
        }
        assumeIsolated { reactor?.turn() }
        if everyTurn() { task.cancel() }
      }
    }
  }

  /// Sends one request and waits for its response. Cancelling the task ends the transfer with `HTTPError.cancelled`.
  @Loop package static func send(_ request: Request) async throws(HTTPError) -> Response {
    guard let reactor else { return try Result<Response, HTTPError>.failure(.cancelled).get() }
    let operation = reactor.newOperation()
    let executor = shared.executor
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { reactor.send(request, operation, $0) }
    } onCancel: {
      executor.cancel(operation)
    }
    return try result.get()
  }

  /// Suspends the task for the given time, or until it is cancelled.
  @Loop package static func sleep(seconds: Double) async {
    guard let reactor else { return }
    let operation = reactor.newOperation()
    let executor = shared.executor
    await withTaskCancellationHandler {
      await withCheckedContinuation { reactor.sleep(seconds: seconds, operation, $0) }
    } onCancel: {
      executor.cancel(operation)
    }
  }

  /// Runs code that is called back on the loop's thread, by C for example, as the actor's. Traps on any other thread.
  static func assumeIsolated<Value: Sendable>(_ operation: @Loop () -> Value) -> Value {
    shared.preconditionIsolated("not on the loop's thread")
    // As the standard library does it for the main actor: the isolation is checked, so the closure may run here.
    return withoutActuallyEscaping(operation) { operation in
      unsafe unsafeBitCast(operation, to: (() -> Value).self)()
    }
  }
}

/// What a run's work returned.
private final class Outcome<Value: Sendable>: Sendable {
  private let result = Mutex<Value?>(nil)

  var value: Value? { result.withLock { $0 } }

  func set(_ value: Value) { result.withLock { $0 = value } }
}
