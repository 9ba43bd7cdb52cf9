// Translates the errors of one layer into those of the next.

/// Runs work that throws one type of error and rethrows it as another: a call of a lower layer in one expression.
package func mapError<Value: ~Copyable, From: Error, To: Error>(
  _ transform: (From) -> To, of work: () throws(From) -> Value
) throws(To) -> Value {
  do throws(From) {
    return try work()
  } catch {
    throw transform(error)
  }
}
