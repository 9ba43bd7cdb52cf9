// One thread does everything: Swift's tasks and libcurl's transfers take turns on it.

import Dispatch
import HTTP

/// The actor of everything that transfers. Its tasks run on the thread that is in `run`, between two turns of the
/// network, so that straight-line code drives thousands of transfers without a lock.
@globalActor
public actor Loop {
  public static let shared = Loop()

  private nonisolated let executor = LoopExecutor()

  public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  /// Runs the work on this thread until it has returned. One call at a time.
  ///
  /// - Parameters:
  ///   - connections: at most so many transfers at once; the others wait in order.
  ///   - everyTurn: called after each turn of the network, at most a quarter of a second apart.
  public static func run<Value: Sendable>(
    connections: Int = 32, everyTurn: () -> Void = {}, _ work: @escaping @Loop () async -> Value
  ) -> Value {
    let outcome = Outcome<Value>()
    let executor = shared.executor
    executor.begin(connections: connections)
    Task { @Loop in outcome.value = await work() }
    while true {
      executor.runJobs()
      if let value = outcome.value { return value }
      executor.turn()
      everyTurn()
    }
  }

  /// Sends one request and waits for its answer.
  @Loop static func send(_ request: Request) async -> Result<Response, HTTPError> {
    await withCheckedContinuation { continuation in
      shared.executor.submit(request) { continuation.resume(returning: $0) }
    }
  }

  /// Suspends the task for the given time, or until `interrupt`.
  @Loop public static func sleep(seconds: Double) async {
    if isInterrupted { return }
    await withCheckedContinuation { shared.executor.wake($0, after: seconds) }
  }

  /// Runs blocking work (a read of a pipe, a write to one) beside the loop, which goes on meanwhile.
  @Loop public static func blocking<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(returning: work()) }
    }
  }

  /// Whether `interrupt` was called: nothing is retried any more, and only what cleans up is sent.
  @Loop public private(set) static var isInterrupted = false

  /// Ends every transfer with `cancelled` and wakes every sleeper, so that all work unwinds and cleans up after itself.
  @Loop public static func interrupt() {
    isInterrupted = true
    shared.executor.cancelAll()
  }
}

/// What a run's work returned; written and read on the loop's thread alone.
private final class Outcome<Value: Sendable>: @unchecked Sendable {
  var value: Value?
}
