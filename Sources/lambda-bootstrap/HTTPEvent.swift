// An HTTP request as API Gateway and function URLs wrap it into an event.
import ASCII

/// A request that came as an event.
struct HTTPEvent {
  let method: String
  /// The most specific path: without the stage or base path, as far as the event names them.
  var path: String { paths[0] }
  /// The paths that the request may mean, most specific first: behind a stage or a custom domain's base path the event has
  /// several.
  let paths: [String]
  let headers: Headers
  /// A load balancer with multi-value headers sends these alone, and takes only these.
  let usesMultiValueHeaders: Bool
  /// Its place in the document, and whether it is base64.
  let body: JSONDocument.JSONString?
  let isBase64: Bool

  enum Malformed: Error, Equatable {
    /// The body said it was base64.
    case notBase64
  }

  /// Reads HTTP API version 2 and function URL events (they are alike), and version 1: REST APIs, load balancers.
  /// Nil when the event is neither.
  ///
  /// - Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
  init?(_ document: JSONDocument) {
    let event = document.root
    let context = event["requestContext"]
    func text(_ value: JSONDocument.Value?) -> String? { document.string(value) }
    // With a stage that is not `$default`, the path of an HTTP API begins with it.
    let stage = text(context?["stage"]) ?? "$default"
    if let http = context?["http"], let method = text(http["method"]), let path = text(event["rawPath"]) {
      self.method = method
      // `POST /predict`, or `$default`.
      let route = text(event["routeKey"])?.split(separator: " ").last.map(String.init)
      paths = Self.distinct([Self.fixed(route), Self.removing(stage: stage, from: path), path])
    } else if let method = text(event["httpMethod"]), let path = text(event["path"]) {
      self.method = method
      let proxy = text(event["pathParameters"]?["proxy"]).map { "/" + $0 }
      paths = Self.distinct([
        Self.fixed(text(event["resource"])), proxy, Self.removing(stage: stage, from: path), path,
      ])
    } else {
      return nil
    }
    usesMultiValueHeaders = context?["elb"] != nil && event["headers"] == nil && event["multiValueHeaders"] != nil
    headers = Headers(
      document: document, single: event["headers"]?.members ?? [], multiple: event["multiValueHeaders"]?.members ?? [])
    body = if case .string(let body)? = event["body"] { body } else { nil }
    isBase64 = if case .boolean(true)? = event["isBase64Encoded"] { true } else { false }
  }

  /// The body's bytes.
  func bytes(in document: JSONDocument) throws(Malformed) -> [UInt8] {
    guard let body else { return [] }
    guard isBase64 else { return document.text(body) }
    guard let bytes = document.base64(body) else { throw .notBase64 }
    return bytes
  }

  /// A route's path if it has no parameters.
  private static func fixed(_ route: String?) -> String? {
    route.flatMap { $0.hasPrefix("/") && !$0.contains("{") ? $0 : nil }
  }

  private static func distinct(_ paths: [String?]) -> [String] {
    var result: [String] = []
    for case .some(let path) in paths where !result.contains(path) { result.append(path) }
    return result
  }

  private static func removing(stage: String, from path: String) -> String {
    let prefix = "/" + stage
    guard stage != "$default", path.hasPrefix(prefix) else { return path }
    let rest = path.dropFirst(prefix.count)
    return rest.isEmpty ? "/" : rest.first == "/" ? String(rest) : path
  }
}

extension HTTPEvent {
  /// The request's headers, as the event has them.
  struct Headers {
    let document: JSONDocument
    let single: [JSONDocument.Member]
    /// A load balancer may send this form alone.
    let multiple: [JSONDocument.Member]

    /// The last value of the header with this name, given in lower case.
    subscript(name: String) -> String? {
      for member in single.reversed() where isNamed(member, name) {
        if let value = document.string(member.value) { return value }
      }
      for member in multiple.reversed() where isNamed(member, name) {
        if case .array(let values, _) = member.value, let value = document.string(values.last) { return value }
      }
      return nil
    }

    private func isNamed(_ member: JSONDocument.Member, _ name: String) -> Bool {
      member.key.count == name.utf8.count && member.key.equalsIgnoringASCIICase(name.utf8)
    }
  }
}

extension JSONDocument {
  /// The bytes that a string holds as base64; nil when it is not. Without escapes nothing is copied on the way.
  func base64(_ string: JSONString) -> [UInt8]? {
    decodeBase64(string.hasEscapes ? text(string)[...] : bytes[string.range])
  }
}
