// Access to AWS: configuration once, then calls on the loop.

import AWS
import HTTP
import POSIX
import S3
import Streams

/// What calls need: a client of each service, of one set of credentials.
@Loop
struct Connection {
  let store: S3.Client
  let batch: BatchService
  let logs: LogService

  init(_ configuration: Configuration) throws(ConfigurationError) {
    let services = ServiceClient(configuration)
    store = try S3.Client(services)
    batch = try BatchService(services)
    logs = try LogService(services)
  }

  /// Runs calls until they have returned; what they throw names what they were for.
  nonisolated static func run<Value: Sendable>(
    _ object: String, _ options: Options, _ environment: SystemEnvironment,
    _ calls: @escaping @Loop (Connection) async throws(ServiceError) -> Value
  ) throws(CallFailure) -> Value {
    let flags = ConfigurationFlags(
      profile: options.connection.profile, region: options.connection.region,
      endpointURL: options.connection.endpointURL)
    let result = Loop.run {
      await Result { () async throws(ServiceError) in
        let connection = try mapError(ServiceError.configuration) { () throws(ConfigurationError) in
          try Connection(Configuration(flags: flags, environment: environment))
        }
        return try await calls(connection)
      }
    }
    return try result.mapError { CallFailure(object: object, error: $0) }.get()
  }
}
