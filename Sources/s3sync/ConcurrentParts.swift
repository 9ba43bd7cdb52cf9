// Concurrent work on the parts of one object.

import AWS
import HTTP

/// Calls `work` for 0 ..< count, at most `limit` at once; after the first failure no more are started, and it is thrown.
@Loop
func forEachPart(
  _ count: Int, limit: Int, _ work: @escaping @Loop (Int) async throws(SyncError) -> Void
) async throws(SyncError) {
  let state = PartsState()
  await Loop.concurrently(min(count, limit)) { _ in
    while state.failure == nil, state.next < count {
      let index = state.next
      state.next += 1
      do throws(SyncError) {
        try await work(index)
      } catch {
        if state.failure == nil { state.failure = error }
      }
    }
  }
  if let failure = state.failure { throw failure }
}

@Loop private final class PartsState {
  var next = 0
  var failure: SyncError?
}

/// Calls the service; its error becomes a `SyncError`.
@Loop
func call<Value: Sendable>(_ work: @Loop () async throws(ServiceError) -> Value) async throws(SyncError) -> Value {
  try await mapError(
    { (error: ServiceError) -> SyncError in
      if case .refused(let failure) = error, failure.status == 412 { return .changed("changed since it was listed") }
      return .service(error)
    }, of: work)
}
