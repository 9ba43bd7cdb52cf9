// One layer's errors as the next one's.

/// Runs work that fails with one kind of error and makes it another's: a call of a lower layer in one line.
package func mapError<Value: ~Copyable, From: Error, To: Error>(
  _ transform: (From) -> To, of work: () throws(From) -> Value
) throws(To) -> Value {
  do throws(From) {
    return try work()
  } catch {
    throw transform(error)
  }
}
