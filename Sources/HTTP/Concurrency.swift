// Concurrency on the loop: parallel work, tasks started ahead, blocking calls, cleanup after cancellation.

import Dispatch

extension Loop {
  /// Runs the work for 0 ..< count at once, each on the loop, and waits for all. Cancelling the caller cancels each.
  @Loop package static func concurrently(_ count: Int, _ work: @escaping @Loop (Int) async -> Void) async {
    // Not a task group: its children begin on the runtime's threads, of which a test may have none to spare.
    let lanes = (0..<count).map { index in task { await work(index) } }
    await withTaskCancellationHandler {
      for lane in lanes { await lane.value }
    } onCancel: {
      for lane in lanes { lane.cancel() }
    }
  }

  /// Starts a task that runs on the loop's thread from beginning to end, including the nonisolated code that it calls.
  @discardableResult
  package nonisolated static func task<Value: Sendable>(
    _ work: @escaping @Loop @Sendable () async -> Value
  ) -> Task<Value, Never> {
    Task(executorPreference: shared.executor, operation: work)
  }

  /// Runs a blocking call (of a pipe, of a disk) on another thread; the loop goes on meanwhile.
  @Loop package static func blocking<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(returning: work()) }
    }
  }

  /// Runs work that the caller's cancellation does not reach: what cleans up after cancelled work.
  @Loop package static func uncancelled<Value: Sendable>(_ work: @escaping @Loop () async -> Value) async -> Value {
    await task(work).value
  }
}

extension Result where Success: Sendable {
  /// What work that waits returns or throws: tasks hand it to those who wait for them.
  @Loop package init(catching work: @Loop () async throws(Failure) -> Success) async {
    do throws(Failure) {
      self = .success(try await work())
    } catch {
      self = .failure(error)
    }
  }
}

extension Task where Failure == Never {
  /// The value of a task that was started ahead; when the task that waits for it is cancelled, so is this one.
  @Loop package var valueCancelledWithCaller: Success {
    get async {
      await withTaskCancellationHandler {
        await value
      } onCancel: {
        cancel()
      }
    }
  }
}
