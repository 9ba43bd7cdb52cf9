// As POSIX's mapError, for work on the loop.

import HTTP

/// Runs `work` and turns its error into another.
@Loop package func mapError<Value: Sendable, From: Error, To: Error>(
  _ transform: (From) -> To, of work: @Loop () async throws(From) -> Value
) async throws(To) -> Value {
  do throws(From) {
    return try await work()
  } catch {
    throw transform(error)
  }
}
