// Retries as values: what follows a failure, when an outage ends, and how a throttled client slows down.

import HTTP
import Testing

@testable import AWS

private let broken = ServiceError.transport(.reset(message: "m"))
private let throttled = ServiceError.refused(ServiceFailure(status: 503, code: "SlowDown"))

private func settings(attempts: String? = nil, mode: String? = nil) throws -> RetrySettings {
  try RetrySettings(attempts: attempts, mode: mode)
}

private func step(
  _ attempts: inout Attempts, after failure: ServiceError = broken, progress: Int64 = 0, canRenew: Bool = false,
  now: Double = 0, outage: Outage = Outage(), budget: inout RetryBudget
) -> Attempts.Step {
  attempts.step(
    after: failure, progress: progress, canRenew: canRenew, retryAfter: nil, random: 0, now: now, outage: outage,
    budget: &budget)
}

@Suite struct RetriesAreConfigured {
  @Test(
    arguments: [
      (nil, nil, 8, true), ("20", nil, 20, false), (nil, "standard", 3, true), (nil, "legacy", 5, false),
      ("1", "adaptive", 1, false), (nil, "ADAPTIVE", 3, true), ("9999", nil, 1000, false),
    ] as [(String?, String?, Int, Bool)])
  func attempts(attempts: String?, mode: String?, count: Int, isBounded: Bool) throws {
    let settings = try settings(attempts: attempts, mode: mode)
    #expect(settings.maximumAttempts == count && settings.isBounded == isBounded)
  }

  @Test(arguments: [("0", nil), ("-1", nil), ("many", nil), (nil, "eager")] as [(String?, String?)])
  func refused(attempts: String?, mode: String?) {
    #expect(throws: ConfigurationError.self) { try settings(attempts: attempts, mode: mode) }
  }
}

@Suite struct AttemptsOfACall {
  @Test func endAtTheMaximum() throws {
    var attempts = Attempts(try settings(attempts: "3"), progress: 0)
    var budget = RetryBudget()
    #expect(step(&attempts, budget: &budget) == .retry(after: 0))
    #expect(step(&attempts, after: throttled, budget: &budget) == .retry(after: 0))
    #expect(step(&attempts, budget: &budget) == .fail)
  }

  @Test func progressStartsTheCountAnew() throws {
    var attempts = Attempts(try settings(attempts: "2"), progress: 0)
    var budget = RetryBudget()
    for progress in 1...50 { #expect(step(&attempts, progress: Int64(progress), budget: &budget) == .retry(after: 0)) }
    #expect(step(&attempts, progress: 50, budget: &budget) == .fail)
  }

  @Test func credentialsAreRenewedOnce() throws {
    var attempts = Attempts(try settings(), progress: 0)
    var budget = RetryBudget()
    let expired = ServiceError.refused(ServiceFailure(status: 403, code: "ExpiredToken"))
    #expect(step(&attempts, after: expired, canRenew: true, budget: &budget) == .again)
    #expect(step(&attempts, after: expired, canRenew: true, budget: &budget) == .fail)
  }

  @Test(arguments: [
    ServiceError.transport(.tls(message: "certificate")), .malformedResponse("x"), .transport(.badURL("x")),
    .transport(.tooLarge(limit: 1)), .transport(.stopped), .transport(.source(errno: 5)),
    .refused(ServiceFailure(status: 403, code: "AccessDenied")),
  ])
  func permanentFailuresAreNotRetried(failure: ServiceError) throws {
    var attempts = Attempts(try settings(attempts: "100"), progress: 0)
    var budget = RetryBudget()
    #expect(step(&attempts, after: failure, budget: &budget) == .fail)
  }

  @Test("the budget and an outage end calls, unless the number of attempts is configured") func bounds() throws {
    var outage = Outage()
    outage.fail(attemptBegan: 0, at: 0)
    for (configured, expected) in [(nil, .fail), ("20", .retry(after: 0))] as [(String?, Attempts.Step)] {
      var budget = RetryBudget()
      var attempts = Attempts(try settings(attempts: configured), progress: 0)
      #expect(step(&attempts, now: 17, outage: outage, budget: &budget) == expected)
      var spent = RetryBudget()
      while spent.take(5) {}
      var others = Attempts(try settings(attempts: configured), progress: 0)
      #expect(step(&others, budget: &spent) == expected)
    }
  }
}

@Suite struct Outages {
  @Test func lastFromTheFirstFailureToTheNextResponse() {
    var outage = Outage()
    #expect(outage.remaining(at: 5) == nil && !outage.isOver(at: 1e9))
    outage.fail(attemptBegan: 10, at: 12)
    outage.fail(attemptBegan: 12, at: 14)
    #expect(outage.remaining(at: 20) == 7 && outage.remaining(at: 30) == 1)
    #expect(!outage.isOver(at: 26.9) && outage.isOver(at: 27))
    outage.end(at: 28)
    #expect(!outage.isOver(at: 100))
  }

  @Test("an attempt that worked for long before it broke does not count as an outage of that length")
  func beginWhenTheServiceWasLastHeard() {
    var outage = Outage()
    outage.fail(attemptBegan: 0, at: 120)
    #expect(outage.began == 110 && !outage.isOver(at: 120))
    outage = Outage()
    outage.fail(attemptBegan: 0, at: 120, silence: 60)
    #expect(outage.began == 60)
    outage.end(at: 118)
    outage.fail(attemptBegan: 0, at: 120, silence: 60)
    #expect(outage.began == 118)
  }

  @Test func oneCallASecondProbesALongOutage() {
    var outage = Outage()
    outage.fail(attemptBegan: 0, at: 0)
    let admitted = stride(from: 0.0, through: 20, by: 0.25).filter { outage.admits(at: $0) }
    #expect(admitted.filter { $0 < 17 }.count == 68)
    #expect(admitted.filter { $0 >= 17 } == [17, 18, 19, 20])
  }
}

@Test("a throttled client slows down, and speeds up again") func adaptiveRate() {
  var rate = AdaptiveRate()
  var now = 100.0
  for _ in 0..<200 {
    #expect(rate.reserve(at: now) == 0)
    rate.update(isThrottled: false, at: now)
    now += 0.01
  }
  rate.update(isThrottled: true, at: now)
  let slowed = rate.rate ?? 0
  #expect(slowed > 50 && slowed < 90)
  #expect(rate.reserve(at: now) == 0)
  #expect(abs(rate.reserve(at: now) - 1 / slowed) < 1e-9)
  for _ in 0..<2000 {
    now += 0.01
    rate.update(isThrottled: false, at: now)
  }
  #expect((rate.rate ?? 0) > 100)
}
