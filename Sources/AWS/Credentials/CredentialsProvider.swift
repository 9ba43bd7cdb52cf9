// The chain of credential sources in their order, and the credentials in use, renewed before they expire.

import HTTP

/// Supplies the credentials to sign with; concurrent callers share one refresh.
@Loop
final class CredentialsProvider {
  /// Seconds before expiry at which credentials are renewed; if that fails they are used until they expire.
  private static let renewalMargin: Int64 = 300

  private let sources: [any CredentialsSource]
  private let now: @Sendable () -> Timestamp
  private var current: Credentials?
  private var refresh: Task<Result<Credentials, CredentialsError>, Never>?

  /// The whole chain: a profile named by a flag; environment; web identity; the profile (roles, SSO, keys, process);
  /// container; instance metadata.
  convenience init(_ configuration: Configuration, transport: any Transport) {
    let profile = ProfileCredentials(
      configuration: configuration, transport: transport, profileName: configuration.profileName)
    var sources: [any CredentialsSource] = [
      EnvironmentCredentials(environment: configuration.environment),
      WebIdentity.environment(configuration, transport: transport),
    ]
    if configuration.profileIsExplicit { sources = [profile] } else { sources.append(profile) }
    sources += [
      ContainerCredentials(environment: configuration.environment, transport: transport),
      InstanceMetadata(configuration: configuration, transport: transport),
    ]
    self.init(sources: sources, now: configuration.environment.now)
  }

  init(sources: [any CredentialsSource], now: @escaping @Sendable () -> Timestamp) {
    self.sources = sources
    self.now = now
  }

  /// Credentials that are valid for at least `renewalMargin` if the source can provide them.
  ///
  /// - Throws: `.none` where no source is configured; the error of the first source that is configured and fails.
  func credentials() async throws(CredentialsError) -> Credentials {
    if let current {
      guard let expiration = current.expiration else { return current }
      if now().advanced(by: Self.renewalMargin) < expiration { return current }
      do throws(CredentialsError) {
        return try await load()
      } catch {
        if now() < expiration { return current }
        throw error
      }
    }
    return try await load()
  }

  /// Discards credentials that a service rejected as expired; the next call queries the sources again.
  func invalidate(_ expired: Credentials) {
    if current == expired { current = nil }
  }

  private func load() async throws(CredentialsError) -> Credentials {
    while true {
      let task = refresh ?? startRefresh()
      let result = await task.valueCancelledWithCaller
      // Another caller's cancellation ended the refresh that this one was waiting for.
      if case .failure = result, task.isCancelled, !Task.isCancelled { continue }
      return try result.get()
    }
  }

  private func startRefresh() -> Task<Result<Credentials, CredentialsError>, Never> {
    let task = Loop.task {
      defer { self.refresh = nil }
      return await Result { () async throws(CredentialsError) in
        for source in self.sources {
          guard let credentials = try await source.load() else { continue }
          self.current = credentials
          return credentials
        }
        throw .none
      }
    }
    refresh = task
    return task
  }
}
