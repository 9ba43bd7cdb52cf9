// Event after event: next, answer, post; nothing that goes wrong with one event or one call ends the loop.

/// Answers events.
protocol Handler {
  /// The response's bytes.
  func answer(_ event: Invocation) throws(InvocationError) -> [UInt8]
  /// Called when the event is answered and before the next is asked for: cleans up after the event.
  func prepare() throws(InvocationError)
}

/// Why the loop ended: it runs until events can no longer be received or handled.
enum LoopEnd: Equatable {
  /// The Runtime API gave no event this many times in a row.
  case noEvents(failures: Int)
  /// The handler could not be made ready for another event.
  case notReady(InvocationError)
}

struct EventLoop<Link: Transport, Work: Handler> {
  /// In a row; with the pauses below about ten seconds.
  static var failureLimit: Int { 15 }

  let api: RuntimeAPI<Link>
  let handler: Work
  /// One line for people.
  let log: (String) -> Void
  /// Waits this many milliseconds.
  let pause: (Int) -> Void

  func run() -> LoopEnd {
    var failures = 0
    while true {
      let event: Invocation
      do {
        event = try api.next()
        failures = 0
      } catch {
        failures += 1
        log("no event: \(describe(error))")
        if failures == Self.failureLimit { return .noEvents(failures: failures) }
        pause(min(10 << failures, 1000))
        continue
      }
      answer(event)
      do {
        try handler.prepare()
      } catch {
        return .notReady(error)
      }
    }
  }

  private func answer(_ event: Invocation) {
    let limit = RuntimeAPI<Link>.responseLimit
    do throws(InvocationError) {
      let response = try handler.answer(event)
      guard response.count <= limit else { throw .responseTooLarge(limit: limit) }
      let posted = api.respond(event, response)
      if posted != .accepted { log("\(event.requestID): response \(describe(posted))") }
    } catch {
      log("\(event.requestID): \(error.type): \(error.stackTrace.first ?? error.message)")
      let posted = api.fail(event, error)
      if posted != .accepted { log("\(event.requestID): error \(describe(posted))") }
    }
  }

  private func describe(_ posted: RuntimeAPI<Link>.Posted) -> String {
    switch posted {
    case .accepted: "accepted"
    case .refused(let status): "refused by the Runtime API with status \(status)"
    case .lost(let error): "lost on the way to the Runtime API: \(error.sentence)"
    }
  }

  private func describe(_ error: RuntimeAPI<Link>.NoEvent) -> String {
    switch error {
    case .refused(let status): "the Runtime API answered with status \(status)"
    case .lost(let error): "the Runtime API is not reached: \(error.sentence)"
    case .malformed(nil): "an event without a request id"
    case .malformed(let id?): "an event with the request id \(id)"
    }
  }
}
