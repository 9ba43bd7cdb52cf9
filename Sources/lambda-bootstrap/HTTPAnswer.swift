// The answer to an HTTP event, in the one form that API Gateway (both versions) and function URLs take.
import HTTPFields
import Streams

struct HTTPAnswer: Equatable {
  var status: Int
  var headers: HeaderFields
  var body: String

  static func == (a: HTTPAnswer, b: HTTPAnswer) -> Bool { a.json == b.json }

  init(_ status: Int, contentType: String = "application/json", headers: HeaderFields = [], body: String) {
    self.status = status
    self.headers = [("content-type", contentType)] + headers
    self.body = body
  }

  /// An error: `{"error":{"code":…,"message":…}}`, as in the streams' error records.
  static func error(
    _ status: Int, _ code: String, _ message: String, headers: HeaderFields = []
  ) -> HTTPAnswer {
    let json = JSONText.object { json in
      json.object("error") { json in
        json.member("code", code)
        json.member("message", message)
      }
    }
    return HTTPAnswer(status, headers: headers, body: String(decoding: json, as: UTF8.self))
  }

  var json: [UInt8] { json(multiValueHeaders: false) }

  /// `{"statusCode":…,"headers":{…},"body":…,"isBase64Encoded":false}`
  ///
  /// - Parameter multiValueHeaders: `multiValueHeaders` with a list for each name in place of `headers`.
  func json(multiValueHeaders: Bool) -> [UInt8] {
    JSONText.object { json in
      json.member("statusCode", status)
      json.object(multiValueHeaders ? "multiValueHeaders" : "headers") { json in
        for (name, value) in headers {
          if multiValueHeaders { json.array(name, [value]) { $0.string($1) } } else { json.member(name, value) }
        }
      }
      json.member("body", body)
      json.member("isBase64Encoded", false)
    }
  }
}
