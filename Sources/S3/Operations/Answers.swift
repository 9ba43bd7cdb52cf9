// What S3 answers in XML: flat documents, and errors where success was announced.

import AWS
import HTTP

/// The texts of the children of the root element, where the root has that name; nil for another root or broken XML.
func answer(_ response: Response, root: String) -> [String: String]? {
  var reader = XMLReader(response.body)
  do throws(XMLError) {
    guard try reader.next() == .start(root) else { return nil }
    var fields = [String: String]()
    while let name = try reader.nextChild() {
      fields[name] = String(decoding: try reader.text(), as: UTF8.self)
    }
    return fields
  } catch {
    return nil
  }
}

/// The error in an answer whose status says success: S3 sends the status before a long work is done.
func embeddedError(_ response: Response) -> ServiceError {
  let failure = ServiceFailure(response)
  if failure.code.isEmpty { return .malformedAnswer("neither a result nor an error") }
  let status = ["InternalError": 500, "SlowDown": 503, "ServiceUnavailable": 503, "RequestTimeout": 400]
  return .refused(
    ServiceFailure(status: status[failure.code] ?? 400, code: failure.code, message: failure.message))
}

/// The entity tag in the answer to a copy, quotes included.
func copiedTag(_ response: Response, root: String) throws(ServiceError) -> String {
  guard let fields = answer(response, root: root) else { throw embeddedError(response) }
  guard let etag = fields["ETag"], !etag.isEmpty else { throw .malformedAnswer("a copy without a tag") }
  return etag
}

/// The headers that name what is copied. The key is percent-encoded once, its slashes kept.
func copySource(_ source: GetRequest) -> [(name: String, value: String)] {
  var value = "/\(source.object.bucket)/\(percentEncoded(source.object.key.bytes, keepingSlash: true))"
  if let versionID = source.versionID { value += "?versionId=\(percentEncoded(versionID.utf8))" }
  var headers = [(name: "x-amz-copy-source", value: value)]
  if let etag = source.ifMatch { headers.append(("x-amz-copy-source-if-match", "\"\(etag)\"")) }
  return headers
}

/// The text with the characters that XML needs for itself written as references.
func xmlEscaped(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "&": result += "&amp;"
    case "<": result += "&lt;"
    case ">": result += "&gt;"
    case "\"": result += "&quot;"
    case "\r": result += "&#13;"
    case "\n": result += "&#10;"
    case "\t": result += "&#9;"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}
