// Signs calls, sends them, tries again, renews credentials: what every service needs.

public import HTTP

/// A client of AWS's services, for one set of credentials.
@Loop
public final class ServiceClient {
  public let configuration: Configuration
  private let transport: any Transport
  /// Nil: calls are sent unsigned.
  private let provider: CredentialsProvider?
  private let random: @Sendable () -> Double
  private let trace: (@Sendable (Trace) -> Void)?
  private var budget = RetryBudget()
  private var keys: [String: SigningKey] = [:]
  /// Seconds that the services' clock is ahead of ours.
  private var clockOffset: Int64 = 0

  /// - Parameters:
  ///   - signs: false sends every call unsigned.
  ///   - trace: told of every request on the loop's thread, those for credentials included.
  public init(
    _ configuration: Configuration, transport: any Transport = NetworkTransport(), signs: Bool = true,
    random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }, trace: (@Sendable (Trace) -> Void)? = nil
  ) {
    let transport = trace.map { TracedTransport(transport: transport, trace: $0) } ?? transport
    self.configuration = configuration
    self.transport = transport
    self.random = random
    self.trace = trace
    provider = signs ? CredentialsProvider(configuration, transport: self.transport) : nil
  }

  /// Sends a call until it succeeds or fails for good; gives an answer with a status under 300.
  public func send(_ call: Call) async throws(ServiceError) -> Response {
    try await send(
      call: { () throws(ServiceError) in call }, progress: { 0 }, check: { (_) throws(ServiceError) in })
  }

  /// Sends a call until it succeeds or fails for good.
  ///
  /// - Parameters:
  ///   - call: gives the call of the next attempt, which may go on where the last one stopped.
  ///   - progress: bytes that have arrived for good; an attempt that made progress starts the count of attempts anew.
  ///   - check: throws where a successful answer holds an error.
  public func send(
    call: () throws(ServiceError) -> Call, progress: () -> Int64, check: (Response) throws(ServiceError) -> Void
  ) async throws(ServiceError) -> Response {
    var attempt = 1
    var lastCost = 0
    var reached = progress()
    var hasRenewed = false
    while true {
      let failure: ServiceError
      var retryAfter: Double?
      var used: Credentials?
      var sent: Request?
      do throws(ServiceError) {
        let next = try call()
        if Loop.isInterrupted && !next.isCleanup { throw .transport(.cancelled) }
        used = try await credentials()
        var request = next.signedRequest(used, now: now) { self.key(next, $0, $1) }
        request.options.caBundle = configuration.caBundle
        sent = request
        let response = try await exchange(request)
        guard response.status < 300 else {
          retryAfter = response.headers["retry-after"].flatMap { Double($0) }
          adjustClock(response)
          throw .refused(ServiceFailure(response))
        }
        try check(response)
        budget.giveBack(lastCost)
        return response
      } catch {
        failure = error
      }
      if case .refused(let refusal) = failure, refusal.isExpiry || refusal.isSkew, let used, !hasRenewed {
        if refusal.isExpiry { provider?.invalidate(used) }
        hasRenewed = true
        if refusal.isExpiry || clockOffset != 0 { continue }
      }
      if progress() > reached {
        reached = progress()
        attempt = 1
        hasRenewed = false
      }
      guard let cost = RetryPolicy.cost(failure), attempt < configuration.maximumAttempts, !Loop.isInterrupted,
        budget.take(cost)
      else { throw failure }
      lastCost = cost
      attempt += 1
      var isThrottling = false
      if case .refused(let refusal) = failure { isThrottling = refusal.isThrottling }
      let delay = RetryPolicy.delay(
        attempt: attempt, isThrottling: isThrottling, random: random(), retryAfter: retryAfter)
      if let trace, let sent {
        trace(.retry(method: sent.method, url: publicURL(sent), attempt: attempt, after: delay))
      }
      await Loop.sleep(seconds: delay)
    }
  }

  private var now: Timestamp { configuration.surroundings.now().advanced(by: clockOffset) }

  private func credentials() async throws(ServiceError) -> Credentials? {
    guard let provider else { return nil }
    do throws(CredentialsError) {
      return try await provider.credentials()
    } catch {
      throw .credentials(error)
    }
  }

  private func exchange(_ request: Request) async throws(ServiceError) -> Response {
    do throws(HTTPError) {
      return try await transport.send(request)
    } catch {
      throw .transport(error)
    }
  }

  /// The services refuse signatures whose time is more than five minutes off; their answer tells theirs.
  private func adjustClock(_ response: Response) {
    guard response.status == 403 || response.status == 400,
      let theirs = response.headers["date"].flatMap(Timestamp.init(http:))
    else { return }
    let offset = theirs.seconds - configuration.surroundings.now().seconds
    if abs(offset - clockOffset) > 240 { clockOffset = offset }
  }

  /// Derived once a day for each key, region and service.
  private func key(_ call: Call, _ credentials: Credentials, _ date: String) -> SigningKey {
    let name = "\(credentials.accessKeyID)/\(date)/\(call.region)/\(call.service)"
    if let key = keys[name] { return key }
    let key = SigningKey(
      accessKeyID: credentials.accessKeyID, secretAccessKey: credentials.secretAccessKey, date: date,
      region: call.region, service: call.service)
    // Yesterday's keys and those of renewed credentials are of no more use.
    if keys.count >= 16 { keys.removeAll() }
    keys[name] = key
    return key
  }
}
