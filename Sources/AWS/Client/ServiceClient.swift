// Signs calls, sends them, retries, renews credentials: what every service needs.

package import HTTP
import HTTPFields
import POSIX

/// A client of AWS's services, for one set of credentials.
@Loop
package final class ServiceClient {
  package let configuration: Configuration
  private let transport: any Transport
  /// Nil: calls are sent unsigned.
  private let provider: CredentialsProvider?
  private let random: @Sendable () -> Double
  private let trace: (@Loop (Trace) -> Void)?
  private var budget = RetryBudget()
  private var outage = Outage()
  /// The last failure of the outage.
  private var lastFailure: ServiceError?
  private var rate = AdaptiveRate()
  private var keys: [String: SigningKey] = [:]
  /// Seconds that the services' clock is ahead of ours.
  private var clockOffset: Int64 = 0

  /// - Parameters:
  ///   - signs: false sends every call unsigned.
  ///   - trace: called for every request, those for credentials included, on the loop's thread.
  package init(
    _ configuration: Configuration, transport: any Transport = NetworkTransport(), signs: Bool = true,
    random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }, trace: (@Loop (Trace) -> Void)? = nil
  ) {
    let transport = trace.map { TracedTransport(transport: transport, trace: $0) } ?? transport
    self.configuration = configuration
    self.transport = transport
    self.random = random
    self.trace = trace
    provider = signs ? CredentialsProvider(configuration, transport: self.transport) : nil
  }

  /// Sends a call until it succeeds or fails for good; gives a response with a status under 300.
  package func send(_ call: ServiceRequest) async throws(ServiceError) -> Response {
    try await send(call: { () throws(ServiceError) in call })
  }

  /// Sends a call until it succeeds or fails for good.
  ///
  /// - Parameters:
  ///   - call: gives the call of the next attempt, which may go on where the last one stopped.
  ///   - progress: bytes that have arrived for good; an attempt that made progress resets the count of attempts.
  ///   - check: throws where a successful response holds an error.
  ///   - recover: called before a retry; a response ends the call, for calls that may have succeeded unseen.
  package func send(
    call: () throws(ServiceError) -> ServiceRequest, progress: () -> Int64 = { 0 },
    check: (Response) throws(ServiceError) -> Void = { (_) throws(ServiceError) in },
    recover: (ServiceError) async -> Response? = { _ in nil }
  ) async throws(ServiceError) -> Response {
    var attempts = Attempts(configuration.retries, progress: progress())
    if configuration.retries.isBounded, !outage.admits(at: Clock.monotonic.seconds), let lastFailure {
      throw lastFailure
    }
    while true {
      let next = try call()
      let attempt = await self.attempt(next, check: check)
      let failure: ServiceError
      switch attempt.result {
      case .success(let response):
        budget.giveBack(attempts.lastCost)
        return response
      case .failure(let error): failure = inOutage(error)
      }
      if Task.isCancelled { throw failure }
      let step = attempts.step(
        after: failure, progress: progress(), canRenew: renew(after: failure, attempt), retryAfter: attempt.retryAfter,
        random: random(), now: Clock.monotonic.seconds, outage: outage, budget: &budget)
      switch step {
      case .fail: throw failure
      case .again: continue
      case .retry(let delay):
        if let response = await recover(failure) { return response }
        if let trace, let sent = attempt.request {
          trace(.retry(method: sent.method, url: publicURL(sent), attempt: attempts.number, after: delay))
        }
        await Loop.sleep(seconds: delay)
      }
    }
  }

  /// One attempt of a call: the request, its credentials and its result.
  private struct Attempt {
    var result: Result<Response, ServiceError> = .failure(.transport(.cancelled))
    var credentials: Credentials?
    var request: Request?
    var retryAfter: Double?
  }

  private func attempt(
    _ call: ServiceRequest, check: (Response) throws(ServiceError) -> Void
  ) async -> Attempt {
    var attempt = Attempt()
    if Task.isCancelled { return attempt }
    let began = Clock.monotonic.seconds
    do throws(ServiceError) {
      let credentials = try await mapError(ServiceError.credentials) { () async throws(CredentialsError) in
        try await provider?.credentials()
      }
      attempt.credentials = credentials
      var request = signed(call, credentials)
      let remaining = outage.remaining(at: began)
      if let remaining {
        request.options.connectTimeout = min(request.options.connectTimeout, Int(remaining * 1000))
      }
      if configuration.retries.isBounded, !call.isLengthy {
        request.options.outageLimit = min(remaining ?? Outage.silenceLimit, Outage.silenceLimit)
      }
      attempt.request = request
      await waitForRate()
      let response = try await mapError(ServiceError.transport) { () async throws(HTTPError) in
        try await transport.send(request)
      }
      guard response.status < 300 else {
        attempt.retryAfter = response.headers["retry-after"].flatMap { Double($0) }
        adjustClock(response)
        throw .refused(await explained(ServiceFailure(response), call, credentials))
      }
      try check(response)
      attempt.result = .success(response)
    } catch {
      attempt.result = .failure(error)
    }
    note(attempt.result, began: began)
    return attempt
  }

  private func signed(_ call: ServiceRequest, _ credentials: Credentials?) -> Request {
    var request = call.signedRequest(credentials, now: now) { self.key(call, $0, $1) }
    request.options.caBundle = configuration.caBundle
    return request
  }

  /// The response to HEAD has no body, so the reason of a refusal is asked for once more by GET: expired credentials, a
  /// wrong clock and a missing permission all look the same otherwise.
  private func explained(
    _ failure: ServiceFailure, _ call: ServiceRequest, _ credentials: Credentials?
  ) async -> ServiceFailure {
    guard call.method == "HEAD", failure.code.isEmpty, [400, 403, 405].contains(failure.status) else { return failure }
    var explanation = call
    explanation.method = "GET"
    explanation.headers.append(("range", "bytes=0-0"))
    explanation.sink = .memory(limit: 64 << 10)
    guard let response = try? await transport.send(signed(explanation, credentials)), response.status >= 300 else {
      return failure
    }
    let found = ServiceFailure(response)
    adjustClock(response)
    return found.code.isEmpty ? failure : found
  }

  /// Deals with expired credentials and wrong clocks; whether the call can be sent again at once.
  private func renew(after failure: ServiceError, _ attempt: Attempt) -> Bool {
    guard case .refused(let refusal) = failure, let used = attempt.credentials else { return false }
    if refusal.isExpiry {
      provider?.invalidate(used)
      return true
    }
    return refusal.isSkew && clockOffset != 0
  }

  /// Records a result in the outage and, in adaptive mode, in the rate.
  private func note(_ result: Result<Response, ServiceError>, began: Double) {
    var isThrottled = false
    let now = Clock.monotonic.seconds
    switch result {
    case .failure(let error) where RetryPolicy.cost(error) != nil && error != .corrupted:
      var silence: Double?
      if case .transport(.timeout(let seconds)) = error { silence = seconds }
      outage.fail(attemptBegan: began, at: now, silence: silence)
      lastFailure = inOutage(error)
      if case .refused(let refusal) = error { isThrottled = refusal.isThrottling }
    case .failure(.transport), .failure(.credentials), .failure(.configuration): return
    default: outage.end(at: now)
    }
    if configuration.retries.mode == .adaptive { rate.update(isThrottled: isThrottled, at: now) }
  }

  /// A service that stays silent has been so for the whole outage, not only for the last attempt.
  private func inOutage(_ error: ServiceError) -> ServiceError {
    guard case .transport(.timeout(let seconds)) = error, let began = outage.began else { return error }
    return .transport(.timeout(seconds: max(seconds, Clock.monotonic.seconds - began)))
  }

  private func waitForRate() async {
    let delay = rate.reserve(at: Clock.monotonic.seconds)
    if delay > 0 { await Loop.sleep(seconds: delay) }
  }

  private var now: Timestamp { configuration.environment.now().advanced(by: clockOffset) }

  /// The services refuse signatures whose time is more than five minutes off; their response gives theirs.
  private func adjustClock(_ response: Response) {
    guard response.status == 403 || response.status == 400,
      let theirs = response.headers["date"].flatMap(Timestamp.init(http:))
    else { return }
    let offset = theirs.seconds - configuration.environment.now().seconds
    if abs(offset - clockOffset) > 240 { clockOffset = offset }
  }

  /// Derived once a day for each key, region and service.
  private func key(_ call: ServiceRequest, _ credentials: Credentials, _ date: String) -> SigningKey {
    let name = "\(credentials.accessKeyID)/\(date)/\(call.region)/\(call.service)"
    if let key = keys[name] { return key }
    let key = SigningKey(
      accessKeyID: credentials.accessKeyID, secretAccessKey: credentials.secretAccessKey, date: date,
      region: call.region, service: call.service)
    // Yesterday's keys and those of renewed credentials are not used again.
    if keys.count >= 16 { keys.removeAll() }
    keys[name] = key
    return key
  }
}
