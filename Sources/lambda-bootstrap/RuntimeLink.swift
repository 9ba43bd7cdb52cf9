// The connection to the Runtime API; while it waits it also watches for SIGTERM and for what the handler must not miss.
import Glibc
import HTTP

final class RuntimeLink: Transport {
  private let client: Client
  private let termination: Termination
  /// Descriptors of the handler that want attention while there is no event, and what gives it.
  var idleDescriptors: () -> [Int32] = { [] }
  var attend: () -> Void = {}

  init(termination: Termination) throws(HTTPError) {
    client = try Client(maxConnections: 1)
    self.termination = termination
  }

  func send(_ request: Request) throws(HTTPError) -> Response {
    var result: Result<Response, HTTPError>?
    client.submit(request) { result = $0 }
    while true {
      if let result { return try result.get() }
      var watched: [Client.Watched] = [(termination.descriptor, Int16(POLLIN))]
      for descriptor in idleDescriptors() { watched.append((descriptor, Int16(POLLIN))) }
      let ready = try client.poll(timeoutMilliseconds: -1, alsoWatching: watched)
      if ready[0] != 0 { termination.leave() }
      if ready.dropFirst().contains(where: { $0 != 0 }) { attend() }
    }
  }
}
