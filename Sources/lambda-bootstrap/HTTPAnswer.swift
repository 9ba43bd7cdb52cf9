// The answer to an HTTP event, in the one form that API Gateway (both versions) and function URLs take.
import Streams

struct HTTPAnswer: Equatable {
  var status: Int
  var headers: [(name: String, value: String)]
  var body: String

  static func == (a: HTTPAnswer, b: HTTPAnswer) -> Bool { a.json == b.json }

  init(_ status: Int, contentType: String = "application/json", headers: [(String, String)] = [], body: String) {
    self.status = status
    self.headers = [("content-type", contentType)] + headers.map { (name: $0.0, value: $0.1) }
    self.body = body
  }

  /// An error: `{"error":{"code":…,"message":…}}`, as in the streams' error records.
  static func error(
    _ status: Int, _ code: String, _ message: String, headers: [(String, String)] = []
  ) -> HTTPAnswer {
    var json = JSONText()
    json.beginObject()
    json.key("error")
    json.beginObject()
    json.key("code")
    json.string(code)
    json.key("message")
    json.string(message)
    json.endObject()
    json.endObject()
    return HTTPAnswer(status, headers: headers, body: String(decoding: json.bytes, as: UTF8.self))
  }

  var json: [UInt8] { json(multiValueHeaders: false) }

  /// `{"statusCode":…,"headers":{…},"body":…,"isBase64Encoded":false}`
  ///
  /// - Parameter multiValueHeaders: `multiValueHeaders` with a list for each name in place of `headers`.
  func json(multiValueHeaders: Bool) -> [UInt8] {
    var json = JSONText()
    json.beginObject()
    json.key("statusCode")
    json.integer(status)
    json.key(multiValueHeaders ? "multiValueHeaders" : "headers")
    json.beginObject()
    for (name, value) in headers {
      json.key(name)
      if multiValueHeaders { json.beginArray() }
      json.string(value)
      if multiValueHeaders { json.endArray() }
    }
    json.endObject()
    json.key("body")
    json.string(body)
    json.key("isBase64Encoded")
    json.boolean(false)
    json.endObject()
    return json.bytes
  }
}
